import Glibc
import Testing

/// A folder that vanishes with its owner.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/apus-bundle-tests.XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        for name in names { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    /// The names of the files in it, sorted.
    var names: [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        let stream = try #require(fopen("\(path)/\(name)", "w"))
        defer { fclose(stream) }
        try #require(fwrite(bytes, 1, bytes.count, stream) == bytes.count)
    }

    func read(_ name: String) throws -> [UInt8] {
        let stream = try #require(fopen("\(path)/\(name)", "r"))
        defer { fclose(stream) }
        fseek(stream, 0, SEEK_END)
        var bytes = [UInt8](repeating: 0, count: ftell(stream))
        rewind(stream)
        try #require(fread(&bytes, 1, bytes.count, stream) == bytes.count)
        return bytes
    }

    /// Permission bits of a file.
    func mode(of name: String) throws -> mode_t {
        var status = stat()
        try #require(stat("\(path)/\(name)", &status) == 0)
        return status.st_mode & 0o7777
    }
}
