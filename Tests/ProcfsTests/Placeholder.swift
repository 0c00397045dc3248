import Testing

@Test func placeholderProcfs() { #expect(Bool(true)) }
