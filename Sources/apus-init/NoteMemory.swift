internal import BootState
internal import CLinux
internal import Glibc

/// The page of memory that tells the next boot script how far this start came.
struct NoteMemory {
    private let page: UnsafeMutableRawPointer

    /// - Parameter address: physical, of a page the kernel does not use: it is mapped without a cache in between, so that
    ///   what is written survives a reset at any moment.
    init?(at address: Int) {
        let memory = open("/dev/mem", O_RDWR | O_SYNC | O_CLOEXEC)
        guard memory >= 0 else {
            Log.line("/dev/mem cannot be opened: \(Log.error)")
            return nil
        }
        defer { close(memory) }
        let mapped = mmap(nil, BootNote.size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, address)
        guard let mapped, mapped != MAP_FAILED else {
            Log.line("the boot note cannot be mapped: \(Log.error)")
            return nil
        }
        page = mapped
    }

    /// A reset in the middle leaves no valid note, which counts as a power cut.
    func write(_ note: BootNote) {
        // Word by word: memory mapped so takes aligned accesses only, which memcpy does not promise.
        let bytes = note.encoded()
        for offset in stride(from: 0, to: bytes.count, by: 4) {
            let word = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[offset + $1]) << (8 * $1) }
            page.storeBytes(of: word.littleEndian, toByteOffset: offset, as: UInt32.self)
        }
    }
}
