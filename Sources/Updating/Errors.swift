internal import Bundle
internal import Card

/// Passes errors of the card on as those of the update.
func onCard<Value>(_ body: () throws(CardError) -> Value) throws(UpdateError) -> Value {
    do throws(CardError) {
        return try body()
    } catch .bootState(let error) {
        throw .bootState(error)
    } catch {
        throw .card(error)
    }
}

/// Passes errors of the bundle on as those of the update.
func inBundle<Value>(_ body: () throws(BundleError) -> Value) throws(UpdateError) -> Value {
    do throws(BundleError) {
        return try body()
    } catch {
        throw .bundle(error)
    }
}
