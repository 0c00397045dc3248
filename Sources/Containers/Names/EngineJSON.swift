internal import FoundationEssentials

/// The JSON that engines write.
enum EngineJSON {
  /// The value that a text holds; nil for what is not JSON, or not in this form.
  static func decode<Form: Decodable>(_ text: [UInt8]) -> Form? {
    do {
      return try JSONDecoder().decode(Form.self, from: Data(text))
    } catch {
      // Half written, or of another version of the engine: the container just has no name then.
      return nil
    }
  }
}
