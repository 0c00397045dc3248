internal import FoundationEssentials

/// Decodes the JSON that engines write.
enum EngineJSON {
  /// Returns the value in a text; nil if the text is not JSON, or not of this form.
  static func decode<Form: Decodable>(_ text: [UInt8]) -> Form? {
    do {
      return try JSONDecoder().decode(Form.self, from: Data(text))
    } catch {
      // The file is only partly written, or of another version of the engine: the container has no name
      // then.
      return nil
    }
  }
}
