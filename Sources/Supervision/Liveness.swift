/// Signs of life of a child whose ``ChildSpec/liveness`` is set.
public enum Liveness {
    /// Tells the supervisor of the calling child that the child is alive. Outside of every child it does nothing.
    ///
    /// Callable from the child's own task and from the tasks that one created.
    public static func checkIn() {
        ChildContext.current?.checkIn()
    }
}
