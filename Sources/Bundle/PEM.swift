import COpenSSL
import Glibc

/// PEM files that hold a key (RFC 7468).
enum PEM {
    /// Longest file that is read: an Ed25519 key takes 120 bytes, the rest leaves room for comments before it.
    private static let maximumFileSize = 65_536

    /// The label and the DER bytes of the first PEM block.
    ///
    /// The block is taken apart here, and the key decoded from DER, because OpenSSL's own readers of private keys ask
    /// for a passphrase on the terminal.
    static func firstBlock(of text: [UInt8]) throws(KeyError) -> (label: String, der: [UInt8]) {
        guard text.count <= maximumFileSize, let bio = BIO_new_mem_buf(text, Int32(text.count)) else {
            throw .notAKey
        }
        defer { BIO_free(bio) }
        var name: UnsafeMutablePointer<CChar>?
        var header: UnsafeMutablePointer<CChar>?
        var data: UnsafeMutablePointer<UInt8>?
        var count = 0
        defer {
            // OPENSSL_free is a macro over this.
            CRYPTO_free(name, nil, 0)
            CRYPTO_free(header, nil, 0)
            CRYPTO_clear_free(data, count, nil, 0)
        }
        guard PEM_read_bio(bio, &name, &header, &data, &count) == 1, let name, let data else {
            ERR_clear_error()
            throw .notAKey
        }
        return (String(cString: name), Array(UnsafeBufferPointer(start: data, count: count)))
    }

    static func read(file path: String) throws(KeyError) -> [UInt8] {
        do throws(FileError) {
            return try File(path, O_RDONLY).read(maximumFileSize + 1)
        } catch {
            throw .file(error)
        }
    }

    /// Writes a new file with this text; an existing file is never touched.
    static func write(_ text: [UInt8], toNewFile path: String, mode: mode_t) throws(KeyError) {
        do throws(FileError) {
            try File.create(path, mode: mode, content: [text])
        } catch {
            throw error.code == EEXIST ? .alreadyExists(path: path) : .file(error)
        }
    }

    /// The text that `write` puts into a memory buffer of OpenSSL.
    static func text(_ write: (OpaquePointer) -> Int32) -> [UInt8] {
        // Fails only when memory is exhausted, where Swift's own allocations trap as well.
        guard let bio = BIO_new(BIO_s_mem()), write(bio) == 1 else { fatalError("no memory for a key in PEM format") }
        defer { BIO_free(bio) }
        return Array(unsafeUninitializedCapacity: Int(BIO_ctrl_pending(bio))) { buffer, count in
            count = max(0, Int(BIO_read(bio, buffer.baseAddress, Int32(buffer.count))))
        }
    }
}
