package org.homeward

import org.homeward.ffi.DeviceKeyException
import java.io.File
import java.io.IOException
import java.nio.channels.FileChannel
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardCopyOption.ATOMIC_MOVE
import java.nio.file.StandardOpenOption.READ
import java.security.SecureRandom
import javax.crypto.SecretKey
import javax.crypto.spec.SecretKeySpec

/**
 * A device key in files, for desktops and tests. It protects as much as its folder is protected:
 * on a phone use the device's own key store.
 *
 * @param folder outside of the home, so that who copies the home does not copy the keys.
 */
public class FileDeviceKey(
    folder: File,
) : WrappingDeviceKey(FileSlotKeys(folder.toPath()))

/** A file with 32 random bytes for each key. */
private class FileSlotKeys(
    private val folder: Path,
) : SlotKeys {
    override fun find(name: String): SecretKey? =
        reading {
            val path = folder.resolve(name)
            if (Files.exists(path)) SecretKeySpec(Files.readAllBytes(path), "AES") else null
        }

    override fun make(name: String): SecretKey =
        reading {
            Files.createDirectories(folder)
            val bytes = ByteArray(KEY_BYTES).also(SecureRandom()::nextBytes)
            val partial = Files.createTempFile(folder, name, null)
            Files.write(partial, bytes)
            sync(partial)
            Files.move(partial, folder.resolve(name), ATOMIC_MOVE)
            sync(folder)
            SecretKeySpec(bytes, "AES")
        }

    override fun delete(name: String): Unit =
        reading {
            if (Files.deleteIfExists(folder.resolve(name))) sync(folder)
        }

    override fun names(): List<String> =
        reading {
            if (!Files.exists(folder)) return@reading emptyList()
            folder.toFile().list()?.toList() ?: throw IOException()
        }

    // What it wraps is on disk before the call returns, so the key must be as well.
    private fun sync(path: Path) = FileChannel.open(path, READ).use { it.force(true) }

    private fun <T> reading(work: () -> T): T =
        try {
            work()
        } catch (_: IOException) {
            throw DeviceKeyException.Failed()
        }
}

private const val KEY_BYTES = 32
