import Testing

@Test func placeholderNSRecorder() { #expect(Bool(true)) }
