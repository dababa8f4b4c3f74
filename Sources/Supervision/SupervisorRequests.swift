/// What callers ask for at run time, done by the supervisor's own task, one request after the other.
extension Supervisor {
    /// - Returns: the key of the started child; nil when there is none to tell.
    func perform(_ request: Request) async throws -> Int? {
        switch request {
        case .start(let template, let start):
            return try await startChild(template, start)
        case .stop(let key):
            guard let child = children[key] else {
                throw SupervisionError.unknownChild(id: "#\(key)", supervisor: id)
            }
            await stop(child)
        case .stopNamed(let name):
            let child = try child(named: name)
            let wasAwaited = child.isWaiting || child.hasExited
            await stop(child)
            // Nobody is left whose restart its siblings wait for.
            if wasAwaited { await resumeSuspended() }
        case .restart(let name):
            try await restart(try stoppedChild(named: name))
        case .delete(let name):
            remove(try stoppedChild(named: name))
        case .reconfigure(let change, let specs):
            try apply(change, specs)
        }
        return nil
    }

    private func startChild(_ template: Child.Template, _ start: ChildSpec.Start?) async throws -> Int? {
        let spec = template.spec
        if isDynamic {
            guard children.count < configuration.childLimit else {
                throw SupervisionError.tooManyChildren(supervisor: id, maximum: configuration.childLimit)
            }
        } else if let other = keys[spec.id].flatMap({ children[$0] }) {
            throw other.isActive
                ? SupervisionError.alreadyStarted(id: spec.id, supervisor: id)
                : SupervisionError.alreadyPresent(id: spec.id, supervisor: id)
        }
        if let flaw = spec.flaw(under: configuration.autoShutdown) ?? spec.flawAtRunTime {
            throw SupervisionError.invalidSpec(id: spec.id, supervisor: id, reason: flaw)
        }
        let child = makeChild(template, start: start)
        add(child)
        switch await startAwaited(child) {
        case .running:
            return child.key
        case .ignored:
            if isDynamic || child.spec.restart == .temporary { remove(child) }
            return nil
        case .failed(let error):
            remove(child)
            throw SupervisionError.startFailed(path: path + [child.id], underlying: error)
        case .interrupted:
            throw SupervisionError.notRunning(supervisor: id)
        }
    }

    private func restart(_ child: Child) async throws {
        switch await startAwaited(child) {
        case .running, .ignored:
            return
        case .failed(let error):
            throw SupervisionError.startFailed(path: path + [child.id], underlying: error)
        case .interrupted:
            throw SupervisionError.notRunning(supervisor: id)
        }
    }

    private func apply(_ change: (inout Configuration) -> Void, _ specs: [ChildSpec]) throws {
        var changed = configuration
        change(&changed)
        try Self.check(specs, changed, of: id)
        for spec in specs {
            if let flaw = spec.flawAtRunTime {
                throw SupervisionError.invalidSpec(id: spec.id, supervisor: id, reason: flaw)
            }
        }
        // The children that stay must be possible under the changed supervisor too.
        let replaced = Set(specs.map(\.id))
        for child in children.values where !replaced.contains(child.id) {
            if let flaw = child.spec.flaw(under: changed.autoShutdown) {
                throw SupervisionError.invalidSpec(id: child.id, supervisor: id, reason: flaw)
            }
        }
        configuration = changed
        for spec in specs {
            if let child = keys[spec.id].flatMap({ children[$0] }) {
                child.template = Child.Template(spec)
            } else {
                add(makeChild(Child.Template(spec)))
            }
        }
    }

    private func child(named name: String) throws -> Child {
        guard let child = keys[name].flatMap({ children[$0] }) else {
            throw SupervisionError.unknownChild(id: name, supervisor: id)
        }
        return child
    }

    private func stoppedChild(named name: String) throws -> Child {
        let child = try child(named: name)
        if child.isActive { throw SupervisionError.childRunning(id: name, supervisor: id) }
        if child.isRestarting { throw SupervisionError.childRestarting(id: name, supervisor: id) }
        return child
    }
}
