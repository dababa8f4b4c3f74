public import JSON

/// How all sensors of an app and their buses are at one moment: a line of JSON on the app's socket.
public struct SensorReport: Sendable, Equatable {
    /// In the order of their ids.
    public var sensors: [SensorStatus]
    /// The I2C buses that were used, in the order of their names.
    public var buses: [BusStatus]

    public init(_ sensors: [SensorStatus], buses: [BusStatus] = []) {
        self.sensors = sensors.sorted { $0.id < $1.id }
        self.buses = buses.sorted { $0.name < $1.name }
    }

    /// In one line, without a line feed.
    public var line: [UInt8] {
        // Cannot fail: no number in it is infinite or none.
        (try? json.serialized()) ?? []
    }

    public var json: JSON {
        ["sensors": .array(sensors.map(\.json)), "buses": .array(buses.map(\.json))]
    }

    /// - Throws: ``SensorReportError`` for a line that is none of this version's.
    public init(parsing line: [UInt8]) throws(SensorReportError) {
        guard let object = try? JSON(parsing: line).objectValue, let elements = object["sensors"]?.arrayValue else {
            throw SensorReportError()
        }
        var sensors: [SensorStatus] = []
        for element in elements {
            guard let sensor = SensorStatus(element) else { throw SensorReportError() }
            sensors.append(sensor)
        }
        var buses: [BusStatus] = []
        for element in object["buses"]?.arrayValue ?? [] {
            guard let bus = BusStatus(element) else { throw SensorReportError() }
            buses.append(bus)
        }
        self.init(sensors, buses: buses)
    }
}

extension SensorStatus {
    var json: JSON {
        var object = JSON.Object()
        object["id"] = .string(id)
        object["state"] = .string(state.rawValue)
        object["restartsIn"] = restartsIn.map { .number($0.seconds) }
        object["restarts"] = .integer(Int64(restarts))
        object["process"] = process.map { .integer(Int64($0)) }
        object["lastError"] = lastError.map { .string($0) }
        object["values"] = .array(values.map(\.json))
        object["counts"] = counts?.json
        return .object(object)
    }

    fileprivate init?(_ json: JSON) {
        guard let object = json.objectValue, let id = object["id"]?.stringValue,
            let state = object["state"]?.stringValue.flatMap(State.init), let values = object["values"]?.arrayValue
        else { return nil }
        self.init(id: id, state: state)
        restartsIn = object["restartsIn"]?.doubleValue.map(Duration.init(secondsOf:))
        restarts = Int(object["restarts"]?.integerValue ?? 0)
        process = object["process"]?.integerValue.map { Int32(clamping: $0) }
        lastError = object["lastError"]?.stringValue
        for value in values {
            guard let value = Value(value) else { return nil }
            self.values.append(value)
        }
        counts = object["counts"]?.objectValue.map(Counts.init)
    }
}

extension SensorStatus.Value {
    fileprivate var json: JSON {
        var object = JSON.Object()
        object["quantity"] = .string(quantity)
        object["unit"] = unit.map { .string($0) }
        switch content {
        // JSON has no notation for what is infinite or no number.
        case .number(let number): object["value"] = number.isFinite ? .number(number) : .null
        case .bool(let bool): object["value"] = .bool(bool)
        }
        object["age"] = .number(age.seconds)
        return .object(object)
    }

    fileprivate init?(_ json: JSON) {
        guard let object = json.objectValue, let quantity = object["quantity"]?.stringValue, let value = object["value"]
        else { return nil }
        let content: Content
        switch value {
        case .bool(let bool): content = .bool(bool)
        case .null: content = .number(.nan)
        default:
            guard let number = value.doubleValue else { return nil }
            content = .number(number)
        }
        self.init(
            quantity: quantity, unit: object["unit"]?.stringValue, content: content,
            age: Duration(secondsOf: object["age"]?.doubleValue ?? 0))
    }
}

extension SensorStatus.Counts {
    fileprivate var json: JSON {
        [
            "measurements": .integer(Int64(measurements)), "missed": .integer(Int64(missed)),
            "rejected": .integer(Int64(rejected)), "heldBack": .integer(Int64(heldBack)),
            "lost": .integer(Int64(lost)), "errors": .integer(Int64(errors)),
        ]
    }

    fileprivate init(_ object: JSON.Object) {
        self.init()
        measurements = object.count("measurements")
        missed = object.count("missed")
        rejected = object.count("rejected")
        heldBack = object.count("heldBack")
        lost = object.count("lost")
        errors = object.count("errors")
    }
}

extension BusStatus {
    var json: JSON {
        [
            "name": .string(name), "transactions": .integer(Int64(transactions)), "retries": .integer(Int64(retries)),
            "notAcknowledged": .integer(Int64(notAcknowledged)), "timeouts": .integer(Int64(timeouts)),
            "otherFailures": .integer(Int64(otherFailures)), "isHung": .bool(isHung),
        ]
    }

    fileprivate init?(_ json: JSON) {
        guard let object = json.objectValue, let name = object["name"]?.stringValue else { return nil }
        self.init(name: name)
        transactions = object.count("transactions")
        retries = object.count("retries")
        notAcknowledged = object.count("notAcknowledged")
        timeouts = object.count("timeouts")
        otherFailures = object.count("otherFailures")
        isHung = object["isHung"]?.boolValue ?? false
    }
}

extension JSON.Object {
    /// None where it is missing, as in the line of an older version.
    fileprivate func count(_ name: String) -> Int { Int(self[name]?.integerValue ?? 0) }
}

extension Duration {
    /// To the millisecond.
    fileprivate var seconds: Double {
        (self / .milliseconds(1)).rounded() / 1000
    }

    /// What is negative, or more than some years, is cut.
    fileprivate init(secondsOf seconds: Double) {
        self = .milliseconds(Int64((min(max(seconds, 0), 1e9) * 1000).rounded()))
    }
}
