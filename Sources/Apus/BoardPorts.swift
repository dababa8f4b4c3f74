internal import Device
internal import Sensors

/// What a board has, by the names apps use: the files of its buses and serial ports, or what is simulated.
struct BoardPorts: Sendable {
    var i2c: [String: I2CPort] = [:]
    var spi: [String: SPIPort] = [:]
    var serial: [String: SerialLine] = [:]
    var sysfs = SysfsPort()
    var lines: LineDirectory
}

extension BoardPorts {
    /// As a board's configuration describes them: `i2c.NAME`, `spi.NAME` and `serial.NAME` are the paths of device files,
    /// `gpio.label` is the label of the GPIO chip, `gpio.header` what is at the pins of the header.
    init(config: Configuration) {
        func ports<Port>(_ kind: String, _ make: (_ path: String, _ name: String) -> Port) -> [String: Port] {
            var ports: [String: Port] = [:]
            for name in config.names(under: "\(kind).") {
                if let path = config["\(kind).\(name)"] { ports[name] = make(path, name) }
            }
            return ports
        }
        self.init(
            i2c: ports("i2c") { path, _ in I2CPort(path: path) },
            spi: ports("spi") { SPIPort(path: $0, name: $1) },
            serial: ports("serial") { SerialLine(path: $0, name: $1) },
            lines: LineDirectory { config[$0] })
    }
}
