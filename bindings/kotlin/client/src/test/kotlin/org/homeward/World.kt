package org.homeward

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.runBlocking
import org.homeward.ffi.Answer
import org.homeward.ffi.DeviceKey
import org.homeward.ffi.KeySlot
import org.homeward.ffi.PersonName
import java.awt.image.BufferedImage
import java.io.ByteArrayOutputStream
import java.io.File
import java.net.ServerSocket
import java.nio.ByteBuffer
import java.security.KeyPairGenerator
import java.security.Signature
import javax.imageio.ImageIO
import kotlin.random.Random

/** A word that must never be seen where it was not put. */
internal const val CANARY = "canary-7f3a"

internal val NAME = Answer.PersonName(PersonName(full = CANARY))

/** A folder with a home, and outside of it the device's key. */
internal class Phone(
    private val folder: File,
) {
    val home = File(folder, "home")
    val deviceKey get() = FileDeviceKey(File(folder, "key"))
    val database = File(home, "home.sqlite")

    /** [open], from within a coroutine. */
    suspend fun use(work: suspend (Homeward) -> Unit): Unit =
        Homeward.open(home, deviceKey).use { work(it) }

    /** A coroutine without a home that is open. */
    fun alone(work: suspend CoroutineScope.() -> Unit): Unit = runBlocking { work() }

    /** Real time, not `runTest`: the core's clock and network follow no virtual one. */
    fun open(use: suspend CoroutineScope.(Homeward) -> Unit): Unit =
        runBlocking { Homeward.open(home, deviceKey).use { use(it) } }
}

/** A report that can be sent: it has a name. */
internal suspend fun Homeward.newReport(): String =
    create("missing_child").also { set(it, "child_name", NAME) }

/** A photo with a comment that holds the canary; as large as noise makes it. */
fun photo(
    width: Int = 64,
    height: Int = 48,
): ByteArray {
    val picture = ByteArrayOutputStream()
    val noise = BufferedImage(width, height, BufferedImage.TYPE_INT_RGB)
    val chance = Random(1)
    for (y in 0 until height) for (x in 0 until width) noise.setRGB(x, y, chance.nextInt())
    ImageIO.write(noise, "jpg", picture)
    val comment = CANARY.toByteArray()
    val length = ByteBuffer.allocate(2).putShort((comment.size + 2).toShort()).array()
    val bytes = picture.toByteArray()
    val segment = byteArrayOf(0xFF.toByte(), 0xFE.toByte()) + length + comment
    return bytes.copyOfRange(0, 2) + segment + bytes.copyOfRange(2, bytes.size)
}

/** The signed pack of an organisation whose server is at [port] of this machine. */
internal fun pack(port: Int): ByteArray {
    val keys = KeyPairGenerator.getInstance("Ed25519").generateKeyPair()
    // The key itself is the end of its X.509 form.
    val encoded = keys.public.encoded
    val key = encoded.copyOfRange(encoded.size - 32, encoded.size).hex()
    val body =
        """{"format":"homeward-pack/1","organisation":{"name":"Example","key":"$key"},"epoch":0,
        "sequence":1,"issued_at_ms":0,"expires_at_ms":0,"server":{"url":"https://127.0.0.1:$port",
        "token":"token","trust":"public"},"recipients":[{"audience":"organisation","recipient":
        "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p","holder":"desk"}],
        "receipt_keys":[]}""".lines()
            .joinToString("", transform = String::trim)
    val signer = Signature.getInstance("Ed25519").apply { initSign(keys.private) }
    signer.update("homeward pack 1\n$body".toByteArray())
    val text = body.replace("\"", "\\\"")
    val signature = signer.sign().hex()
    return """{"signed":"homeward pack 1","body":"$text","key":"$key","signature":"$signature"}"""
        .toByteArray()
}

/** A port that nobody listens on. */
internal fun closedPort(): Int = ServerSocket(0).use { it.localPort }

private fun ByteArray.hex() = joinToString("") { "%02x".format(it) }

/** A device's key that answers nothing but [thrown]. */
internal class BrokenKey(
    private val thrown: Exception,
) : DeviceKey {
    override fun wrap(
        slot: KeySlot,
        key: ByteArray,
    ) = throw thrown

    override fun open(
        slot: KeySlot,
        wrapped: ByteArray,
    ) = throw thrown

    override fun delete(slot: KeySlot) = throw thrown

    override fun deleteAll() = throw thrown
}
