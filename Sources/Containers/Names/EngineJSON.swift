internal import FoundationEssentials

/// Decodes the JSON that engines write.
enum EngineJSON {
  /// Decodes a JSON text; returns nil if the text is not JSON, or does not have the form of the type.
  static func decode<Form: Decodable>(_ text: [UInt8]) -> Form? {
    do {
      return try JSONDecoder().decode(Form.self, from: Data(text))
    } catch {
      // The file may be only partly written, or come from another version of the engine. The name of the container
      // stays unknown then.
      return nil
    }
  }
}
