// SPDX-License-Identifier: Apache-2.0

/// Where tenants and numbers are kept.
public struct StoreConfiguration: Sendable, Hashable {
    /// The file; absolute.
    public var path: String

    /// Its name in the state directory, where nothing else is said.
    public static let fileName = "provisioning.db"

    /// From its parts.
    public init(path: String) { self.path = path }
}

enum StoreKeys {
    static let path = Key(
        "path", .text, .described("\(StoreConfiguration.fileName) in node.state-directory"),
        "Absolute path of the file with tenants and numbers, on a disk that outlives a boot.",
        example: "/var/lib/trunkline/provisioning.db", isRare: true)
}

extension Schema {
    static let store = SectionSchema(
        name: "store", isList: false, meaning: "Where tenants and numbers are kept.",
        keys: [StoreKeys.path])
}

extension ConfigurationReader {
    func store(_ section: SectionReader, stateDirectory: String?) -> StoreConfiguration {
        guard let text = section.text(StoreKeys.path) else {
            return StoreConfiguration(
                path: "\(stateDirectory ?? "")/\(StoreConfiguration.fileName)")
        }
        if !text.value.hasPrefix("/") || text.value.hasSuffix("/") || text.value.utf8.count > 200 {
            self.issues.add(
                text, "is not the absolute path of a file, at most 200 bytes",
                "write \(StoreKeys.path.example) or the like")
        }
        return StoreConfiguration(path: text.value)
    }
}
