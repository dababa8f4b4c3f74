internal import Glibc
internal import Threads

/// The files themselves; any folder that looks like sysfs will do.
struct LinuxSysfs: SysfsController {
    let root: String

    /// One page, the size of every attribute (Documentation/filesystems/sysfs.rst).
    private static let limit = 4096

    func read(_ path: String) throws(SysfsError) -> String {
        let place = "\(root)/\(path)"
        let descriptor = try open(place, O_RDONLY, "read")
        defer { close(descriptor) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: Self.limit)
        while content.count <= Self.limit {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failure(place, "read", errno) }
            if count == 0 { break }
            content += buffer[..<count]
        }
        guard content.count <= Self.limit else {
            throw .failed(path: place, operation: "read", reason: "it is longer than \(Self.limit) bytes")
        }
        while let last = content.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: " ") { content.removeLast() }
        return String(decoding: content, as: UTF8.self)
    }

    func write(_ text: String, to path: String) throws(SysfsError) {
        let place = "\(root)/\(path)"
        let descriptor = try open(place, O_WRONLY, "write")
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        // All at once: every write(2) to an attribute is a whole value.
        var count = Glibc.write(descriptor, bytes, bytes.count)
        while count < 0 && errno == EINTR { count = Glibc.write(descriptor, bytes, bytes.count) }
        guard count == bytes.count else {
            throw count < 0
                ? failure(place, "write \"\(text)\" to", errno)
                : .failed(path: place, operation: "write \"\(text)\" to", reason: "it took \(count) bytes only")
        }
    }

    func list(_ path: String) throws(SysfsError) -> [String] {
        let place = "\(root)/\(path)"
        guard let folder = opendir(place) else { throw failure(place, "list", errno) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    func linkTarget(_ path: String) -> String? { linkParts(path).last }

    func linkParent(_ path: String) -> String? { linkParts(path).dropLast().last }

    private func linkParts(_ path: String) -> [String] {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("\(root)/\(path)", &buffer, buffer.count)
        guard count > 0 else { return [] }
        let target = buffer[..<count].map { UInt8(bitPattern: $0) }
        return target.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
    }

    private func open(_ place: String, _ flags: Int32, _ operation: String) throws(SysfsError) -> Int32 {
        let descriptor = Glibc.open(place, flags | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(place, operation, errno) }
        return descriptor
    }

    private func failure(_ place: String, _ operation: String, _ code: Int32) -> SysfsError {
        switch code {
        case ENOENT, ENODEV, ENXIO: .absent(path: place)
        default: .failed(path: place, operation: operation, reason: systemMessage(code))
        }
    }
}
