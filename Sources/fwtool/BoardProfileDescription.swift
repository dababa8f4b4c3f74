internal import JSON

extension BoardProfile {
    /// What `fwtool boards NAME` prints.
    var details: String {
        var rows: [(String, String)] = [("name", name), ("title", title)]
        if !models.isEmpty { rows.append(("also boots", models.joined(separator: ", "))) }
        rows.append(("packages", "Debian \(packages.suite) (\(packages.components.joined(separator: ", ")))"))
        rows.append(("kernel", "\(kernel.package), console \(kernel.console)"))
        rows.append(("card", boot.card.rawValue))
        let sizes = "boot \(partitions.boot) MiB, two slots of \(partitions.slot) MiB, data \(partitions.data) MiB"
        rows.append(("partitions", sizes))
        rows.append(("gpio", "\(gpio.label), \(gpio.lines) lines"))
        if !gpio.header.isEmpty {
            rows.append(("header", gpio.header.map { "\($0.number)=\($0.line)" }.joined(separator: " ")))
        }
        for bus in buses { rows.append(("bus", "\(bus.name) (\(bus.kind.rawValue)) = \(bus.path)")) }
        for device in kernelDevices {
            rows.append(("kernel device", "\(device.driver) at \(device.hexadecimalAddress) on \(device.bus)"))
        }
        if !options.isEmpty { rows.append(("options", options.map(\.name).joined(separator: ", "))) }
        for file in boot.files { rows.append(("boot file", "\(file.name) from \(file.package)")) }
        for module in modules.initramfs { rows.append(("early module", "\(module.name): \(module.reason)")) }
        for module in modules.root { rows.append(("module", "\(module.name): \(module.reason)")) }
        for module in modules.onDemand { rows.append(("module on demand", "\(module.name): \(module.reason)")) }
        rows.append(("emulation", emulation.map { "QEMU \($0.machine), \($0.memory) MiB" } ?? "none"))
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { key, value in key + String(repeating: " ", count: width - key.count + 2) + value }
            .joined(separator: "\n")
    }

    /// What `fwtool boards --json` prints of a board.
    var json: JSON {
        [
            "name": .string(name),
            "title": .string(title),
            "models": .array(models.map(JSON.string)),
            "packages": [
                "suite": .string(packages.suite), "components": .array(packages.components.map(JSON.string)),
            ],
            "kernel": ["package": .string(kernel.package), "console": .string(kernel.console)],
            "boot": [
                "card": .string(boot.card.rawValue),
                "files": .array(
                    boot.files.map {
                        ["name": .string($0.name), "package": .string($0.package), "path": .string($0.path)]
                    }),
            ],
            "modules": [
                "initramfs": Self.json(modules.initramfs), "root": Self.json(modules.root),
                "onDemand": Self.json(modules.onDemand),
            ],
            "partitions": [
                "boot": .integer(Int64(partitions.boot)), "slot": .integer(Int64(partitions.slot)),
                "data": .integer(Int64(partitions.data)),
            ],
            "gpio": [
                "label": .string(gpio.label), "lines": .integer(Int64(gpio.lines)),
                "header": .array(
                    gpio.header.map { ["pin": .integer(Int64($0.number)), "line": .integer(Int64($0.line))] }),
            ],
            "buses": .array(
                buses.map { ["kind": .string($0.kind.rawValue), "name": .string($0.name), "path": .string($0.path)] }),
            "kernelDevices": .array(
                kernelDevices.map {
                    ["bus": .string($0.bus), "address": .integer(Int64($0.address)), "driver": .string($0.driver)]
                }),
            "options": .array(options.map { .string($0.name) }),
            "emulation": emulation.map { ["machine": .string($0.machine), "memory": .integer(Int64($0.memory))] }
                ?? .null,
        ]
    }

    private static func json(_ modules: [Module]) -> JSON {
        .array(modules.map { ["name": .string($0.name), "reason": .string($0.reason)] })
    }
}

extension BoardProfile.KernelDevice {
    var hexadecimalAddress: String { "0x" + String(address, radix: 16) }
}
