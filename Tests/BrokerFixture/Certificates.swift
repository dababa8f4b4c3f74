package import Foundation

/// Certificates for TLS between this machine's broker and its clients, made by openssl(1) once and gone with the tests.
package enum Certificates {
    /// Two authorities (`ca`, `other`), certificates of the broker with the key `server.key`, and `client` with its key,
    /// which `encrypted.key` is as well.
    package static let folder: Result<URL, any Error> = Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("apus-certificates-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        atexit { if let folder = try? Certificates.folder.get() { try? FileManager.default.removeItem(at: folder) } }
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
        for name in ["ca", "other"] {
            try openssl("req -x509 \(key) -keyout \(name).key -out \(name).pem -days 2 -subj /CN=\(name)", in: folder)
        }
        for name in ["server", "client"] {
            try openssl("req \(key) -keyout \(name).key -out \(name).csr -subj /CN=\(name)", in: folder)
        }
        try openssl("ec -in client.key -aes256 -passout pass:secret -out encrypted.key", in: folder)
        // 10.0.2.2 is this machine for a board in QEMU's user network.
        let names = "IP:127.0.0.1,IP:10.0.2.2,DNS:localhost"
        for (name, names, authority, days) in [
            ("good", names, "ca", 2), ("wrong-name", "DNS:elsewhere.example", "ca", 2),
            ("expired", names, "ca", -1), ("untrusted", names, "other", 2),
            ("client", "DNS:client", "ca", 2),
        ] {
            try Data("subjectAltName=\(names)\n".utf8).write(to: folder.appendingPathComponent("names"))
            try openssl(
                "x509 -req -in \(name == "client" ? "client" : "server").csr -CA \(authority).pem -CAkey \(authority).key "
                    + "-CAcreateserial -extfile names -days \(days) -out \(name).pem", in: folder)
        }
        return folder
    }

    package static func path(_ name: String) throws -> String { try folder.get().appendingPathComponent(name).path }

    /// The broker's side: its certificate and its key.
    package static func brokerSettings(_ certificate: String, anonymous: Bool = true) throws -> String {
        """
        allow_anonymous \(anonymous)
        cafile \(try path("ca.pem"))
        certfile \(try path("\(certificate).pem"))
        keyfile \(try path("server.key"))
        """
    }

    private static func openssl(_ arguments: String, in folder: URL) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments.split(separator: " ").map(String.init)
        process.currentDirectoryURL = folder
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw POSIXError(.EINVAL) }
    }
}
