internal import JSON
internal import Sensors
internal import Threads

/// Shows the device to Home Assistant: for each sensor's quantity a retained announcement, and its present value.
///
/// These go past the outbox: a dashboard wants the present only. Several values in a short time become one.
final class HomeAssistant: Sendable {
    private struct Series: Hashable {
        let sensor: String
        let quantity: Quantity
        let isBool: Bool
    }

    private let options: HomeAssistantOptions
    private let device: String
    private let status: String?
    private let template: TopicTemplate
    /// The topic of each series that was announced.
    private let announced = Lock<[Series: String]>([:])

    /// - Parameters:
    ///   - device: the device's id, valid in a topic.
    ///   - status: the topic that tells whether the device is there.
    /// - Throws: what is wrong with a topic.
    init(_ options: HomeAssistantOptions, device: String, status: String?) throws(TopicTemplate.Invalid) {
        self.options = options
        self.device = device
        self.status = status
        template = try TopicTemplate(options.stateTopic)
        guard template.namesSensor, template.namesQuantity else {
            throw TopicTemplate.Invalid(
                text: options.stateTopic, problem: "every value needs a topic of its own, by {sensor} and {quantity}")
        }
        // No template, but under the same rules.
        _ = try TopicTemplate(options.prefix + "/")
    }

    /// Shows what was read, of each series the last.
    func show(_ readings: [Reading], on exchange: MQTTExchange) {
        var latest: [Series: Reading] = [:]
        // In their order, so that a device announces its sensors in the same one each time.
        var order: [Series] = []
        for reading in readings {
            // What is no number has no notation, and is no news.
            if case .number(let number) = reading.value, !number.isFinite { continue }
            let series = Self.series(reading)
            if latest.updateValue(reading, forKey: series) == nil { order.append(series) }
        }
        for series in order {
            guard let reading = latest[series] else { continue }
            let known = announced.withLock { $0[series] }
            let topic = known ?? template.topic(device: device, sensor: series.sensor, quantity: series.quantity.name)
            if known == nil {
                // With too many, the rest stays unannounced and unseen.
                guard let announcement = announcement(of: series, state: topic),
                    exchange.retain(announcement.payload, on: announcement.topic)
                else { continue }
                announced.withLock { $0[series] = topic }
            }
            _ = exchange.retain(Self.state(reading.value), on: topic)
        }
    }

    private static func series(_ reading: Reading) -> Series {
        let isBool =
            switch reading.value {
            case .bool: true
            case .number: false
            }
        return Series(sensor: reading.sensor, quantity: reading.quantity, isBool: isBool)
    }

    /// The value as a dashboard shows it.
    private static func state(_ value: Reading.Value) -> [UInt8] {
        switch value {
        case .bool(let isOn): return Array((isOn ? "ON" : "OFF").utf8)
        case .number(let number):
            // 21 instead of 21.0.
            let isWhole = number.magnitude < 0x1p53 && number == number.rounded(.towardZero)
            return Array((isWhole ? String(Int64(number)) : number.description).utf8)
        }
    }

    /// By what Home Assistant makes an entity. All keys are documented under
    /// https://www.home-assistant.io/integrations/sensor.mqtt/ and binary_sensor.mqtt.
    private func announcement(of series: Series, state: String) -> (topic: String, payload: [UInt8])? {
        let id = "\(Self.id(device))_\(Self.id(series.sensor))_\(Self.id(series.quantity.name))"
        let kind =
            series.isBool ? HomeAssistantClass(bool: series.quantity) : HomeAssistantClass(number: series.quantity)
        var config = JSON.Object()
        config["name"] = .string("\(series.sensor) \(series.quantity.name)")
        config["unique_id"] = .string("apus_\(id)")
        config["state_topic"] = .string(state)
        config["device_class"] = kind.deviceClass.map(JSON.string)
        config["unit_of_measurement"] = kind.unit.map(JSON.string)
        // Only this lets Home Assistant keep statistics.
        if !series.isBool { config["state_class"] = .string("measurement") }
        // Its payloads are the defaults, online and offline.
        config["availability_topic"] = status.map(JSON.string)
        var device = JSON.Object()
        device["identifiers"] = .array([.string("apus_\(Self.id(self.device))")])
        device["name"] = .string(options.deviceName ?? self.device)
        device["manufacturer"] = options.manufacturer.map(JSON.string)
        device["model"] = options.model.map(JSON.string)
        device["sw_version"] = options.softwareVersion.map(JSON.string)
        config["device"] = .object(device)
        var origin = JSON.Object()
        origin["name"] = .string("apus")
        config["origin"] = .object(origin)
        // There is no number in it that could be without notation.
        guard let payload = try? JSON.object(config).serialized() else { return nil }
        let component = series.isBool ? "binary_sensor" : "sensor"
        return ("\(options.prefix)/\(component)/\(id)/config", payload)
    }

    /// The text of the characters that Home Assistant allows in a topic's ids: letters, digits, "_" and "-".
    private static func id(_ text: String) -> String {
        func isFit(_ byte: UInt8) -> Bool { SenML.isLegalFirst(byte) || byte == UInt8(ascii: "-") }
        return String(decoding: text.utf8.map { isFit($0) ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
    }
}
