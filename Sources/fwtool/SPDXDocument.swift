import JSON

/// What of a bundle's bill of materials people ask for first: the packages and their versions. Read from any SPDX 2
/// document in JSON, not only from ours.
struct SPDXDocument {
    struct Package: Equatable {
        var name: String
        /// Empty where the document has none.
        var version: String
    }

    var json: JSON
    var packages: [Package]

    /// Nil for what is no JSON object with a list of packages.
    init?(_ bytes: [UInt8]) {
        guard let json = try? JSON(parsing: bytes), let list = json.objectValue?["packages"]?.arrayValue else {
            return nil
        }
        self.json = json
        packages = list.compactMap { element in
            guard let object = element.objectValue, let name = object["name"]?.stringValue else { return nil }
            return Package(
                name: Self.printable(name), version: Self.printable(object["versionInfo"]?.stringValue ?? ""))
        }
    }

    /// The document is as signed, but it was written by others: nothing in it drives the terminal.
    private static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.filter {
                    $0.properties.generalCategory != .control && $0.properties.generalCategory != .format
                }
            ))
    }
}
