internal import Sensors

/// What readings become on their way to a broker: topics and payloads.
struct MQTTEncoding: Sendable {
    private let device: String
    private let format: SenMLFormat
    private let template: TopicTemplate
    /// The topic where it is the same for all readings.
    private let topic: String?

    /// - Parameter device: the device's id, valid in a topic.
    /// - Throws: what is wrong with the topic.
    init(_ options: MQTTOptions, device: String) throws(TopicTemplate.Invalid) {
        self.device = device
        format = options.format
        template = try TopicTemplate(options.topic)
        topic = template.namesSensor || template.namesQuantity ? nil : template.topic(device: device)
    }

    /// Whether two readings can go in one message.
    func canShare(_ first: Reading, _ second: Reading) -> Bool {
        if template.namesSensor, first.sensor != second.sensor { return false }
        if template.namesQuantity, first.quantity.name != second.quantity.name { return false }
        return SenML.canShareAPack(first, second)
    }

    /// A message of readings that can share one.
    /// - Throws: when a value is infinite or not a number.
    func message(
        _ number: UInt64, _ readings: [Reading], present: SenML.Present
    ) throws(SenML.NotFiniteError) -> MQTTExchange.Message {
        let payload = try SenML.pack(readings, device: device, present: present, as: format)
        return MQTTExchange.Message(
            number: number, topic: topic(readings.first?.sensor, readings.first?.quantity.name), payload: payload)
    }

    /// A message that readings are missing: of the sensor `outbox`, the quantity `gap`, where topics name them.
    func message(_ number: UInt64, _ gap: SenML.Gap, present: SenML.Present) -> MQTTExchange.Message {
        // Without readings there is no value that could be without notation.
        let payload = (try? SenML.pack([], gaps: [gap], device: device, present: present, as: format)) ?? []
        return MQTTExchange.Message(number: number, topic: topic("outbox", "gap"), payload: payload)
    }

    private func topic(_ sensor: String?, _ quantity: String?) -> String {
        topic ?? template.topic(device: device, sensor: sensor ?? "", quantity: quantity ?? "")
    }
}
