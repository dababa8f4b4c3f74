/// Devices as the kernel's drivers show them, in the files this package's own drivers use.
extension SimulatedSysfs {
    /// A DS18B20 with 12 bits on the 1-Wire bus; sets its temperature when it is there already.
    /// - Parameter celsius: -55 through 125; what is beyond is cut.
    public func setThermometer(_ id: OneWireID, celsius: Double) {
        let sixteenths = Int16(min(max(celsius, -55), 125) * 16)
        let raw = UInt16(bitPattern: sixteenths)
        // Memory after a measurement (datasheet DS18B20, figure 9): temperature, alarms, configuration, reserved.
        setThermometer(
            id,
            memory: [
                UInt8(raw & 0xFF), UInt8(raw >> 8), 0x4B, 0x46, 0x7F, 0xFF, 0x10 - UInt8(raw & 0x0F), 0x10,
            ])
    }

    /// The same with any eight bytes in its memory.
    public func setThermometer(_ id: OneWireID, memory: [UInt8]) {
        let checksum = OneWire.checksum(memory)
        let bytes = (memory + [checksum]).map { hexadecimal(Int($0)).dropFirst(2) }.joined(separator: " ")
        let check = hexadecimal(Int(checksum)).dropFirst(2)
        self["bus/w1/devices/\(id)/w1_slave"] = "\(bytes) : crc=\(check) YES\n\(bytes) t=0"
        // What the bus's searches have found.
        let bus = "bus/w1/devices/w1_bus_master1"
        var found = (self["\(bus)/w1_master_slaves"] ?? "").split(whereSeparator: \.isNewline).map { String($0) }
        if !found.contains(id.description) { found.append(id.description) }
        self["\(bus)/w1_master_slaves"] = found.joined(separator: "\n")
        self["\(bus)/w1_master_attempts"] = "1"
    }

    /// A PWM controller that refuses what the kernel refuses.
    /// - Parameters:
    ///   - chip: its name, such as `pwmchip0`.
    ///   - device: the name of its device.
    ///   - channels: how many it has.
    public func addPWM(_ chip: String, device: String, channels: Int) {
        let folder = "class/pwm/\(chip)"
        self["\(folder)/npwm"] = "\(channels)"
        link("\(folder)/device", to: device)
        onWrite("\(folder)/export") { tree, text in
            guard let channel = Int(text), (0..<channels).contains(channel) else { return "No such device" }
            let pwm = "\(folder)/pwm\(channel)"
            guard tree["\(pwm)/enable"] == nil else { return "Device or resource busy" }
            for (file, content) in [("period", "0"), ("duty_cycle", "0"), ("polarity", "normal"), ("enable", "0")] {
                tree["\(pwm)/\(file)"] = content
            }
            let refusal = "Invalid argument"
            tree.onWrite("\(pwm)/period") { tree, text in
                (Int(text) ?? 0) >= (tree["\(pwm)/duty_cycle"].flatMap { Int($0) } ?? 0) ? nil : refusal
            }
            tree.onWrite("\(pwm)/duty_cycle") { tree, text in
                (Int(text) ?? .max) <= (tree["\(pwm)/period"].flatMap { Int($0) } ?? 0) ? nil : refusal
            }
            tree.onWrite("\(pwm)/enable") { tree, text in
                text == "1" && tree["\(pwm)/period"] == "0" ? refusal : nil
            }
            tree.onWrite("\(pwm)/polarity") { tree, text in
                if text == tree["\(pwm)/polarity"] { return nil }
                // "Can only be changed if the PWM is not enabled" (Documentation/driver-api/pwm.rst).
                guard tree["\(pwm)/enable"] == "0" else { return "Device or resource busy" }
                // As the Pi's controller (linux/drivers/pwm/pwm-bcm2835.c).
                return ["normal", "inversed"].contains(text) && tree["\(pwm)/period"] != "0" ? nil : refusal
            }
            return nil
        }
        onWrite("\(folder)/unexport") { tree, text in
            tree.remove("\(folder)/pwm\(text)")
            return nil
        }
    }

    /// A light with the triggers none, timer and heartbeat.
    public func addLED(_ name: String, maximumBrightness: Int = 255) {
        let folder = "class/leds/\(name)"
        let triggers = ["none", "timer", "heartbeat"]
        self["\(folder)/max_brightness"] = "\(maximumBrightness)"
        self["\(folder)/brightness"] = "0"
        onWrite("\(folder)/trigger") { tree, text in
            guard triggers.contains(text) else { return "Invalid argument" }
            tree["\(folder)/delay_on"] = text == "timer" ? "500" : nil
            tree["\(folder)/delay_off"] = text == "timer" ? "500" : nil
            return nil
        } reading: { text in
            triggers.map { $0 == text ? "[\($0)]" : $0 }.joined(separator: " ")
        }
        self["\(folder)/trigger"] = "none"
    }
}
