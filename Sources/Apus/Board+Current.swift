internal import Device
internal import Glibc
internal import Supervision

extension Board {
    /// The board this process runs on, with the configuration of the image, the card and the environment.
    ///
    /// A mistake in the image's own files is an error: the image is broken, and another slot may hold a better one. One in
    /// what was provisioned on the card, which every image has to live with, costs that file only.
    /// - Throws: `ConfigurationError`.
    static func current() throws -> Board {
        var config = Configuration()
        let isDevice = access(boardFile, F_OK) == 0
        if isDevice {
            try config.merge(file: boardFile)
            try config.merge(file: "/etc/apus/app.conf")
            // What was provisioned when the card was burned (apus-init takes it from the card), then what was set since.
            for file in ["/run/apus/provisioned", "/data/apus/config"] {
                do {
                    try config.merge(file: file)
                } catch {
                    Log.line("\(error); nothing of this file is used")
                }
            }
        }
        config.merge { name in getenv(name).map { String(cString: $0) } }
        // Devices are built with it (fwtool build): their programs then have nothing of the simulation.
        #if !APUS_DEVICE
        if !isDevice {
            return try simulated(config: config) { text in
                if !CellHost.isCell { Log.line("no \(boardFile): \(text)") }
            }
        }
        #endif
        return Board(config: config)
    }

    /// Written into every image when it is built.
    private static let boardFile = "/etc/apus/board.conf"
}
