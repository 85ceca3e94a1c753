// Descriptors that an app hands over: they belong to the call, also to one that can't be made.

import HomewardFFI

extension HomewardClient {
  /// Calls the core with a file that may be a descriptor. The core closes it; where it is not called,
  /// because the client is closed or a device key called back in, it is closed here.
  func handOver<Value: Sendable>(
    _ file: any HandedOver, _ work: @escaping @Sendable (HomewardFFI.Homeward) throws -> Value
  ) async throws(ApiError) -> Value {
    let isTaken = Locked(false)
    defer {
      if !isTaken.value, let descriptor = file.descriptor { closeDescriptor(fd: descriptor) }
    }
    return try await call { core in
      isTaken.change { $0 = true }
      return try work(core)
    }
  }
}

/// What may be a descriptor.
protocol HandedOver {
  /// Its number, if it is one.
  var descriptor: Int32? { get }
}

extension MediaSource: HandedOver {
  var descriptor: Int32? { if case .descriptor(let number) = self { number } else { nil } }
}

extension ByteSource: HandedOver {
  var descriptor: Int32? { if case .descriptor(let number) = self { number } else { nil } }
}

extension ByteTarget: HandedOver {
  var descriptor: Int32? { if case .descriptor(let number) = self { number } else { nil } }
}
