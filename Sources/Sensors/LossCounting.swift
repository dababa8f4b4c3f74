internal import Hardware

/// What speaks by itself, and counts what nobody took in time.
package protocol LossCounting: Sendable {
    /// Events such as edges that were lost since it was opened, at least.
    var lost: UInt64 { get }
}

extension InputLine: LossCounting {
    package var lost: UInt64 { statistics.lost }
}

extension SerialDevice: LossCounting {
    package var lost: UInt64 { port.droppedFrames }
}

extension RotaryEncoder.Device: LossCounting {
    package var lost: UInt64 { lines.statistics.lost }
}

extension KernelCapture.Device: LossCounting {
    package var lost: UInt64 { capture.dropped }
}
