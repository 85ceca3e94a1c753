// The device's own key, in the Secure Enclave. Built on Apple's systems only.

#if canImport(Security)
  import Foundation
  import HomewardFFI
  import Security

  /// A device key whose private half never leaves the Secure Enclave.
  ///
  /// Each slot and generation has a P-256 key pair of its own in the keychain, on this device only:
  /// it is in no backup and on no other phone. Keys are wrapped with ECIES (cofactor, X9.63 KDF with
  /// SHA-256, AES-GCM). The vault's key opens while the phone is unlocked, the outbox's after the
  /// first unlock, so that sealed parts leave while the phone lies in a pocket.
  public final class SecureEnclaveDeviceKey: DeviceKey {
    private let prefix: String

    /// The keys of one app.
    ///
    /// - Parameter prefix: What the keys' tags begin with, such as the app's bundle id.
    public init(prefix: String) {
      self.prefix = prefix
    }

    /// Wraps `key` for `slot`, making the slot's key pair if there is none.
    public func wrap(slot: KeySlot, key: Data) throws -> Data {
      let pair = try find(slot) ?? make(slot)
      guard let half = SecKeyCopyPublicKey(pair) else { throw DeviceKeyError.Failed }
      guard let wrapped = SecKeyCreateEncryptedData(half, algorithm, key as CFData, nil) else {
        throw DeviceKeyError.Failed
      }
      return wrapped as Data
    }

    /// Opens what `wrap` made for the same slot.
    public func unwrap(slot: KeySlot, wrapped: Data) throws -> Data {
      guard let pair = try find(slot) else { throw DeviceKeyError.Gone }
      var error: Unmanaged<CFError>?
      guard let key = SecKeyCreateDecryptedData(pair, algorithm, wrapped as CFData, &error) else {
        throw meaning(of: error?.takeRetainedValue())
      }
      return key as Data
    }

    /// Destroys the slot's key pair.
    public func delete(slot: KeySlot) throws {
      try delete(tagged: tag(slot))
    }

    /// Destroys the key pairs of all slots.
    public func deleteAll() throws {
      for tag in try tags() {
        try delete(tagged: tag)
      }
    }

    private func delete(tagged tag: Data) throws {
      let status = SecItemDelete(query(tag) as CFDictionary)
      guard status == errSecSuccess || status == errSecItemNotFound else {
        throw DeviceKeyError.Failed
      }
    }

    /// The tags of every key pair that is ours. The keychain finds whole tags only.
    private func tags() throws -> [Data] {
      var found: CFTypeRef?
      let wanted: [String: Any] = [
        kSecClass as String: kSecClassKey,
        kSecAttrKeyType as String: kSecAttrKeyTypeECSECPrimeRandom,
        kSecMatchLimit as String: kSecMatchLimitAll,
        kSecReturnAttributes as String: true,
      ]
      switch SecItemCopyMatching(wanted as CFDictionary, &found) {
      case errSecSuccess: break
      case errSecItemNotFound: return []
      default: throw DeviceKeyError.Failed
      }
      guard let keys = found as? [[String: Any]] else { throw DeviceKeyError.Failed }
      let ours = Data("\(prefix).\(KeySlot.prefix)".utf8)
      return keys.compactMap { $0[kSecAttrApplicationTag as String] as? Data }
        .filter { $0.starts(with: ours) }
    }

    private func find(_ slot: KeySlot) throws -> SecKey? {
      var found: CFTypeRef?
      let wanted = query(tag(slot)).merging([kSecReturnRef as String: true]) { $1 }
      switch SecItemCopyMatching(wanted as CFDictionary, &found) {
      case errSecSuccess:
        guard let found, CFGetTypeID(found) == SecKeyGetTypeID() else {
          throw DeviceKeyError.Failed
        }
        // Its type was asked for and looked at; Core Foundation's types know no `as?`.
        return unsafeDowncast(found, to: SecKey.self)
      case errSecItemNotFound: return nil
      // The phone is locked: it may be there, and opens later.
      case errSecInteractionNotAllowed: throw DeviceKeyError.Refused
      default: throw DeviceKeyError.Failed
      }
    }

    private func make(_ slot: KeySlot) throws -> SecKey {
      let access =
        switch slot {
        case .vault: kSecAttrAccessibleWhenUnlockedThisDeviceOnly
        case .outbox: kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
        }
      let usage = SecAccessControlCreateWithFlags(nil, access, .privateKeyUsage, nil)
      guard let usage else { throw DeviceKeyError.Failed }
      let attributes: [String: Any] = [
        kSecAttrKeyType as String: kSecAttrKeyTypeECSECPrimeRandom,
        kSecAttrKeySizeInBits as String: 256,
        kSecAttrTokenID as String: kSecAttrTokenIDSecureEnclave,
        kSecPrivateKeyAttrs as String: [
          kSecAttrIsPermanent as String: true,
          kSecAttrApplicationTag as String: tag(slot),
          kSecAttrAccessControl as String: usage,
        ] as [String: Any],
      ]
      guard let key = SecKeyCreateRandomKey(attributes as CFDictionary, nil) else {
        throw DeviceKeyError.Failed
      }
      return key
    }

    private func query(_ tag: Data) -> [String: Any] {
      [
        kSecClass as String: kSecClassKey,
        kSecAttrKeyType as String: kSecAttrKeyTypeECSECPrimeRandom,
        kSecAttrApplicationTag as String: tag,
      ]
    }

    private func tag(_ slot: KeySlot) -> Data { Data("\(prefix).\(slot.name)".utf8) }

    private func meaning(of error: CFError?) -> DeviceKeyError {
      guard let error else { return .Failed }
      switch OSStatus(truncatingIfNeeded: CFErrorGetCode(error)) {
      case errSecInteractionNotAllowed, errSecAuthFailed, errSecUserCanceled: return .Refused
      default: return .Failed
      }
    }

    private var algorithm: SecKeyAlgorithm { .eciesEncryptionCofactorVariableIVX963SHA256AESGCM }
  }
#endif
