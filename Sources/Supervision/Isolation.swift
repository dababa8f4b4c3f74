/// Where a child runs.
public enum Isolation: Sendable, Hashable {
    /// In a task of this process. An error it throws is its supervisor's business; a trap ends the process.
    case task

    /// In a *cell*: a child process of the same executable, with limits of its own. Whatever ends that process, a trap,
    /// a fault, a limit, is an error of this child and nothing else.
    ///
    /// The executable is started anew and builds the same tree, in which the cell finds its child by the ids on the path
    /// to it. So the program must come to ``Supervisor/run()`` of the same outermost supervisor whenever it is started,
    /// and what it does before, it does in every cell too. Children added at run time cannot be found, and are refused.
    indirect case process(CellOptions)

    /// A cell without limits.
    public static var process: Isolation { .process(CellOptions()) }

    var options: CellOptions? {
        if case .process(let options) = self { options } else { nil }
    }
}
