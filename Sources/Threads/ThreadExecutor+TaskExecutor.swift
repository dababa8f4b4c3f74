/// Tasks may prefer the thread: what they do outside of actors then runs on it as well, and a call of an actor that has this
/// executor changes no threads.
///
/// Jobs of both kinds take turns. One that runs for such a task keeps the actors waiting until it suspends.
extension ThreadExecutor: TaskExecutor {}
