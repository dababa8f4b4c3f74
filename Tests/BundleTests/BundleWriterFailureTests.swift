import Glibc
import Testing

@testable import Bundle

/// Whatever fails while a bundle is written: a true reason, and nothing left behind.
struct BundleWriterFailureTests {
    static func source(_ content: BundleWriter.Source.Content = .bytes([1])) -> BundleWriter.Source {
        BundleWriter.Source(name: "slot", content: content)
    }

    static func writer(
        product: String = "p", version: String = "1", board: String = "b", metadata: [String: String] = [:]
    ) -> BundleWriter {
        BundleWriter(product: product, version: version, board: board, metadata: metadata)
    }

    /// Writes over an existing file and expects that file untouched and alone.
    private func expectFailure(
        _ writer: BundleWriter, _ sources: [BundleWriter.Source] = [source()], keys: [SigningKey]? = nil,
        sourceLocation: SourceLocation = #_sourceLocation, isExpected: (any Error) -> Bool
    ) async throws {
        let folder = try TemporaryFolder()
        try folder.write([1, 2, 3], to: "b.apus")
        let keys = try keys ?? [TestKeys.first]
        do {
            try await writer.write(sources, signedBy: keys, to: "\(folder.path)/b.apus")
            Issue.record("succeeded", sourceLocation: sourceLocation)
        } catch {
            #expect(isExpected(error), "\(error)", sourceLocation: sourceLocation)
        }
        #expect(folder.names == ["b.apus"], sourceLocation: sourceLocation)
        #expect(try folder.read("b.apus") == [1, 2, 3], sourceLocation: sourceLocation)
    }

    private func isInvalidContent(_ error: any Error) -> Bool {
        if case BundleError.invalidContent = error { true } else { false }
    }

    @Test func contentThatCannotBeInABundle() async throws {
        let twice = [Self.source(), Self.source()]
        try await expectFailure(Self.writer(product: "a b"), isExpected: isInvalidContent)
        try await expectFailure(Self.writer(version: ""), isExpected: isInvalidContent)
        try await expectFailure(Self.writer(board: "../x"), isExpected: isInvalidContent)
        try await expectFailure(Self.writer(metadata: ["a": "\0"]), isExpected: isInvalidContent)
        try await expectFailure(Self.writer(), twice, isExpected: isInvalidContent)
        try await expectFailure(
            Self.writer(), [BundleWriter.Source(name: "../x", content: .bytes([]))], isExpected: isInvalidContent)
        try await expectFailure(Self.writer(), keys: [], isExpected: isInvalidContent)
        let metadata = ["a": String(repeating: "x", count: BundleHeader.maximumManifestSize)]
        try await expectFailure(Self.writer(metadata: metadata)) { error in
            if case BundleError.tooLarge("a manifest", _, 262_144) = error { true } else { false }
        }
    }

    @Test func missingSource() async throws {
        try await expectFailure(Self.writer(), [Self.source(), Self.source(.file(path: "/nonexistent/slot.img"))]) {
            $0 as? BundleError == .file(FileError("open", "/nonexistent/slot.img", code: ENOENT))
        }
        try await expectFailure(Self.writer(), [Self.source(.file(path: "/"))]) {
            $0 as? BundleError == .file(FileError("read", "/", code: EISDIR))
        }
    }

    /// A sparse file of 1 TB: refused by its size, without reading it.
    @Test func sourceTooLarge() async throws {
        let folder = try TemporaryFolder()
        try folder.write([], to: "huge")
        try #require(truncate("\(folder.path)/huge", 1 << 40) == 0)
        try await expectFailure(Self.writer(), [Self.source(.file(path: "\(folder.path)/huge"))]) { error in
            if case BundleError.tooLarge("content", 1_099_511_627_776, _) = error { true } else { false }
        }
    }

    /// Parts that are not the content, chunks that no reader takes.
    @Test func partsThatDoNotFit() async throws {
        for (size, chunkSize) in [(9999, 4096), (10_001, 4096), (10_000, 0), (10_000, 1 << 21), (-1, 4096)] {
            let source = BundleWriter.Source(
                name: "slot", content: .bytes([UInt8](repeating: 1, count: 10_000)),
                parts: [.init(size: size, chunkSize: chunkSize)])
            try await expectFailure(Self.writer(), [source], isExpected: isInvalidContent)
        }
        let unaligned = BundleWriter.Source(
            name: "slot", content: .bytes([UInt8](repeating: 1, count: 10_000)),
            parts: [.init(size: 5000, chunkSize: 5000), .init(size: 5000, chunkSize: 5000)])
        try await expectFailure(Self.writer(), [unaligned]) {
            $0 as? BundleError == .invalidContent("chunk 1 of slot is not on a 4096-byte boundary")
        }
    }

    @Test func tooManyChunks() async throws {
        let source = BundleWriter.Source(
            name: "other", content: .bytes([UInt8](repeating: 1, count: 18_725)),
            parts: [.init(size: 18_725, chunkSize: 1)])
        try await expectFailure(Self.writer(), [source]) {
            $0 as? BundleError == .tooLarge("a chunk table", size: 1_048_600, maximum: 1_048_576)
        }
    }

    /// Cancelled by its own progress, with most of the content still to come.
    @Test func cancelled() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/b.apus"
        let key = try TestKeys.first
        let content = SampleBundle.text(size: 8 << 20)
        let (started, start) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            try await Self.writer().write([Self.source(.bytes(content))], signedBy: [key], to: path) { _, _ in
                start.yield()
                withUnsafeCurrentTask { $0?.cancel() }
            }
        }
        for await _ in started { break }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(folder.names.isEmpty)
    }

    @Test func targetCannotBeWritten() async throws {
        let key = try TestKeys.first
        let folder = try TemporaryFolder()
        func error(_ path: String) async -> BundleError? {
            do {
                try await Self.writer().write([Self.source()], signedBy: [key], to: path)
                return nil
            } catch {
                return error as? BundleError
            }
        }
        guard case .file(let missing) = await error("\(folder.path)/none/b.apus") else {
            Issue.record("written into a folder that is not there")
            return
        }
        #expect(missing.code == ENOENT)
        // The target is a folder: the complete file cannot take its place.
        try #require(mkdir("\(folder.path)/d", 0o755) == 0)
        #expect(await error("\(folder.path)/d") == .file(FileError("create", "\(folder.path)/d", code: EISDIR)))
        #expect(folder.names == ["d"])
        rmdir("\(folder.path)/d")
    }

    /// The disk fills up while the bundle is written (here: the largest file allowed is 4 KiB; in a process of its own,
    /// because that limit holds for all of it).
    @Test func noSpaceLeft() async {
        await #expect(processExitsWith: .success) {
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 4096, rlim_max: 4096)
            try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            let folder = try TemporaryFolder()
            let random = (0..<100_000).map { _ in UInt8.random(in: .min ... .max) }
            let path = "\(folder.path)/b.apus"
            do {
                try await BundleWriterFailureTests.writer().write(
                    [BundleWriterFailureTests.source(.bytes(random))], signedBy: [try TestKeys.first], to: path)
                Issue.record("succeeded")
            } catch BundleError.file(let error) {
                #expect(error.operation == "write" && error.code == EFBIG)
            }
            #expect(folder.names.isEmpty)
        }
    }

    @Test func newBundleReplacesTheOldOne() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/b.apus"
        for version in ["1", "2"] {
            try await Self.writer(version: version).write([Self.source()], signedBy: [try TestKeys.first], to: path)
            #expect(try BundleReader(path: path, trust: .unchecked).manifest.version == version)
        }
        #expect(folder.names == ["b.apus"])
    }
}
