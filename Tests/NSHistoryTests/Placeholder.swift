import Testing

@Test func placeholderNSHistory() { #expect(Bool(true)) }
