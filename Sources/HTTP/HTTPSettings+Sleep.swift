internal import Glibc

extension HTTPSettings {
    package static func sleep(_ duration: Duration) {
        let deadline = Deadline(after: duration)
        while !deadline.hasPassed { _ = poll(nil, 0, deadline.millisecondsLeft) }
    }
}
