/// What the process of a cell may use; see setrlimit(2). A cell never dumps core.
public struct CellOptions: Sendable, Hashable {
    /// The most bytes of private writable memory (RLIMIT_DATA): heap, stacks of its threads at full size (8 MiB each),
    /// variables of its libraries. nil for no limit. An empty Swift process has about 30 MiB of these, nearly all of it
    /// stacks it never touches.
    ///
    /// RLIMIT_AS is not used: it counts address space that nobody can write to, and the allocator reserves 64 MiB of it
    /// for each thread.
    public var memory: Int?

    /// The most processor time, in whole seconds, of each life of the cell; nil for no limit.
    public var cpuSeconds: Int?

    /// The most file descriptors, those the cell needs itself included, of which there are about a dozen; nil for no
    /// limit.
    public var openFiles: Int?

    public init(memory: Int? = nil, cpuSeconds: Int? = nil, openFiles: Int? = nil) {
        self.memory = memory
        self.cpuSeconds = cpuSeconds
        self.openFiles = openFiles
    }

    /// What is wrong with the options; nil when nothing is.
    var flaw: String? {
        if let memory, memory <= 0 { return "its cell's memory limit is not more than zero" }
        if let cpuSeconds, cpuSeconds <= 0 { return "its cell's limit of processor time is not more than zero" }
        if let openFiles, openFiles <= 0 { return "its cell's limit of open files is not more than zero" }
        return nil
    }
}
