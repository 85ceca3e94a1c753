package org.homeward.android

import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.KeyProperties
import android.security.keystore.UserNotAuthenticatedException
import org.homeward.SlotKeys
import org.homeward.WrappingDeviceKey
import org.homeward.ffi.DeviceKeyException
import java.security.GeneralSecurityException
import java.security.KeyStore
import java.security.UnrecoverableKeyException
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey

/**
 * A device key in Android's key store: in hardware where the phone has it, and in no backup.
 *
 * It asks the person for nothing, so that reports leave while the phone is locked.
 */
public class AndroidDeviceKey : WrappingDeviceKey(AndroidSlotKeys()) {
    override fun meaningOf(error: GeneralSecurityException): DeviceKeyException? =
        when (error) {
            is KeyPermanentlyInvalidatedException -> {
                DeviceKeyException.Gone()
            }

            // The second is how Android tells every fault of its key store, also one that passes: a
            // key that is taken for lost would be replaced.
            is UserNotAuthenticatedException, is UnrecoverableKeyException -> {
                DeviceKeyException.Refused()
            }

            else -> {
                null
            }
        }
}

private class AndroidSlotKeys : SlotKeys {
    private val store = KeyStore.getInstance(PROVIDER).apply { load(null) }

    override fun find(name: String): SecretKey? = store.getKey(name, null) as SecretKey?

    override fun make(name: String): SecretKey {
        val purposes = KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT
        val spec =
            KeyGenParameterSpec
                .Builder(name, purposes)
                .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
                .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
                .setKeySize(KEY_BITS)
                .build()
        val generator = KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, PROVIDER)
        generator.init(spec)
        return generator.generateKey()
    }

    override fun delete(name: String): Unit = store.deleteEntry(name)

    override fun names(): List<String> = store.aliases().toList()
}

private const val PROVIDER = "AndroidKeyStore"
private const val KEY_BITS = 256
