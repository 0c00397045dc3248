// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target is built with. A warning is an error, here and in CI.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// Whether the targets are instrumented for libFuzzer (`Tests/fuzz`). SwiftPM does not let other packages use a target
/// with such flags, so they are here only for who sets the variable.
let isFuzzed = Context.environment["NSHIST_FUZZ"] != nil

/// What every target is built with but the end-to-end tests, which mostly wait. Where `NSHIST_FAST_TESTS` is set, a
/// debug build optimises these targets, because the tests ask hundreds of thousands of questions. SwiftPM does not let
/// other packages use a target with such flags, so they are here only for who sets the variable.
let optimised: [SwiftSetting] =
  if isFuzzed {
    strict + [.unsafeFlags(["-O", "-sanitize=fuzzer,address"])]
  } else if Context.environment["NSHIST_FAST_TESTS"] != nil {
    strict + [.unsafeFlags(["-O"])]
  } else {
    strict
  }

/// How the command and the fleet are compiled for release: for size, because they wait for the history, a server or a
/// terminal, and the program is to stay small. No library product has these targets, since SwiftPM does not let
/// other packages use a target with such flags.
let small: [SwiftSetting] = [.unsafeFlags(["-Osize"], .when(configuration: .release))]

/// How `Packaging/deb/build` has the program linked: 2 MB smaller, by short relocations, which need glibc 2.36, by one
/// copy of equal functions, and without a table of its symbols for others. SwiftPM does not let other packages use a
/// target with such flags, so they are here only for who sets the variable.
let smallProgram: [LinkerSetting] =
  if isFuzzed {
    // The program is linked because a test target uses its module, and does not run.
    [.unsafeFlags(["-Xlinker", "--unresolved-symbols=ignore-all"])]
  } else if Context.environment["NSHIST_SMALL_PROGRAM"] != nil {
    [
      .unsafeFlags(
        ["-use-ld=lld"]
          + ["-z", "pack-relative-relocs", "--icf=all", "--no-export-dynamic"].flatMap {
            ["-Xlinker", $0]
          })
    ]
  } else {
    []
  }

/// The program that records a year of made-up samples (`Benchmarks/run --only year`). It is a part of this package,
/// since it uses the recorder's own writer, and is built only where the variable is set.
let benchmarks: [Target] =
  Context.environment["NSHIST_BENCHMARKS"] == nil
  ? []
  : [
    .executableTarget(
      name: "year", dependencies: ["NSHistory", "NamespaceModel"], path: "Benchmarks/year",
      swiftSettings: strict)
  ]

/// The tests that feed parsers and a history with inputs: those that are kept, and in `Tests/fuzz` those that libFuzzer
/// makes: its `main` then takes the place of that of the tests.
let fuzzTests: [Target] = [
  .testTarget(
    name: "FuzzTests",
    dependencies: [
      "nshist", "Containers", "NSHistory", "NamespaceBPF", "NamespaceEvents", "NamespaceModel",
      "Procfs", "SQLite",
      "TestSupport",
    ],
    exclude: ["Inputs"], swiftSettings: optimised,
    linkerSettings: !isFuzzed
      ? []
      : [
        .unsafeFlags(
          ["-use-ld=lld", "-sanitize=fuzzer,address", "-Xlinker", "--allow-multiple-definition"])
      ])
]

let package = Package(
  name: "nshist",
  products: [
    .library(name: "NSHistory", targets: ["NSHistory"]),
    .library(name: "NSRecorder", targets: ["NSRecorder"]),
    .executable(name: "nshist", targets: ["nshist"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
  ],
  targets: [
    .systemLibrary(
      name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .target(name: "CLinux", cSettings: [.treatAllWarnings(as: .error)]),

    .target(name: "NamespaceModel", swiftSettings: optimised),
    .target(
      name: "Migrations", path: "Migrations",
      resources: [.embedInCode("V0001_history.sql")],
      swiftSettings: optimised),

    .target(
      name: "SQLite",
      dependencies: ["CSQLite", .product(name: "SystemPackage", package: "swift-system")],
      swiftSettings: optimised),
    .target(
      name: "Procfs",
      dependencies: [
        "CLinux", "NamespaceModel", .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: optimised),
    .target(
      name: "NamespaceEvents",
      dependencies: [
        "CLinux", "NamespaceModel", .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: optimised),
    .executableTarget(
      name: "EmbedObject", path: "Plugins/EmbedObject", swiftSettings: strict),
    .plugin(
      name: "BPFObjects", capability: .buildTool(), dependencies: ["EmbedObject"]),
    .target(
      name: "NamespaceBPF",
      dependencies: [
        "CLinux", "NamespaceModel", .product(name: "SystemPackage", package: "swift-system"),
      ],
      exclude: ["Programs"], swiftSettings: optimised, plugins: ["BPFObjects"]),
    .target(
      name: "Containers",
      dependencies: ["CLinux", .product(name: "SystemPackage", package: "swift-system")],
      swiftSettings: optimised),
    .target(
      name: "NSHistory",
      dependencies: [
        "SQLite", "NamespaceModel", "Migrations", "Containers",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: optimised),
    .target(
      name: "NSRecorder",
      dependencies: [
        "NSHistory", "Procfs", "NamespaceEvents", "NamespaceBPF", "NamespaceModel", "Containers",
        "CLinux", .product(name: "Logging", package: "swift-log"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: optimised),
    .target(
      name: "NSFleet",
      dependencies: ["NSHistory", "NamespaceModel"],
      resources: [.embedInCode("Store/store.sql")],
      swiftSettings: optimised + small),
    .executableTarget(
      name: "nshist",
      dependencies: [
        "NSFleet", "NSHistory", "NSRecorder", "Procfs", "NamespaceEvents", "NamespaceBPF",
        "NamespaceModel",
        "Containers", "CLinux",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      resources: [
        .embedInCode("Report/report.css"), .embedInCode("Report/report.js"),
        .embedInCode("Report/report.mustache"),
      ],
      swiftSettings: optimised + small, linkerSettings: smallProgram),

    .target(
      name: "TestSupport", dependencies: ["CTestSupport", "NamespaceModel"],
      path: "Tests/TestSupport",
      swiftSettings: optimised),
    .target(
      name: "CTestSupport", path: "Tests/CTestSupport",
      cSettings: [.treatAllWarnings(as: .error)]),
    .testTarget(
      name: "SQLiteTests", dependencies: ["SQLite", "TestSupport"], swiftSettings: optimised),
    .testTarget(
      name: "ProcfsTests",
      dependencies: ["Procfs", "NamespaceModel", "TestSupport"], swiftSettings: optimised),
    .testTarget(
      name: "ContainersTests",
      dependencies: [
        "Containers", "TestSupport", .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: optimised),
    .testTarget(
      name: "NamespaceEventsTests",
      dependencies: [
        "NamespaceEvents", "CLinux", "NamespaceModel", "TestSupport",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: optimised),
    .testTarget(
      name: "NamespaceBPFTests",
      dependencies: [
        "NamespaceBPF", "NamespaceModel", "Procfs", "TestSupport",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: optimised),
    .testTarget(
      name: "NSHistoryTests",
      dependencies: [
        "NSFleet", "NSHistory", "Migrations", "NamespaceModel", "Containers", "SQLite",
        "TestSupport",
      ],
      swiftSettings: optimised),
    .testTarget(
      name: "NSRecorderTests",
      dependencies: [
        "NSRecorder", "NSHistory", "NamespaceEvents", "NamespaceBPF", "NamespaceModel", "Procfs",
        "SQLite", "TestSupport",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: optimised),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "nshist", "Containers", "NSFleet", "NSHistory", "NSRecorder", "Migrations",
        "NamespaceEvents",
        "NamespaceModel", "Procfs", "SQLite", "TestSupport",
        .product(name: "Logging", package: "swift-log"),
      ],
      exclude: ["Golden"], swiftSettings: strict),
  ] + benchmarks + fuzzTests,
  swiftLanguageModes: [.v6]
)

// Of the tests, only these are instrumented and linked with libFuzzer.
if isFuzzed { package.targets.removeAll { $0.type == .test && $0.name != "FuzzTests" } }
