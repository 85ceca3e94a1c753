package org.homeward

import org.homeward.ffi.DeviceKey
import org.homeward.ffi.HomewardInterface
import org.homeward.ffi.Listener
import org.homeward.ffi.RecordingInterface
import org.homeward.ffi.TextsInterface
import org.homeward.ffi.TransferInterface
import java.io.File
import java.lang.reflect.Modifier
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue

/**
 * Nothing that the core exports is left out: the lists come from the generated side, so that a new
 * call without a wrapper or without a test ends the build.
 */
class EveryCallTest {
    private val tests = callsFrom(File("target/test-classes"))
    private val client = callsFrom(File("target/classes"))
    private val exported = namesOf(HomewardInterface::class.java)

    @Test
    fun `the client offers every call of the core`() {
        assertTrue(exported.size > 25, "the list was read: $exported")
        val wrapped = client.filter { it.owner == "$FFI/Homeward" }.map(Call::name).toSet()
        assertEquals(emptySet(), exported - wrapped, "exported, and not offered")
    }

    @Test
    fun `every call of the core is made by a test`() {
        val made = tests.filter { it.owner in OFFERS }.map(Call::name).toSet()
        val asked = exported.map { RENAMED[it] ?: it }
        assertEquals(emptyList(), asked - made, "exported, and not tested")
    }

    @Test
    fun `every other object's calls are made by a test, or by the client that is tested`() {
        val types =
            listOf(
                RecordingInterface::class.java,
                TextsInterface::class.java,
                TransferInterface::class.java,
            )
        for (type in types) {
            val owner = "$FFI/${type.simpleName.removeSuffix("Interface")}"
            val made = (tests + client).filter { it.owner.startsWith(owner) }.map(Call::name)
            assertEquals(emptySet(), namesOf(type) - made.toSet(), "$owner: not tested")
        }
        val made = tests.filter { it.owner == "$FFI/Texts\$Companion" }.map(Call::name)
        val builders = Class.forName("org.homeward.ffi.Texts\$Companion")
        assertEquals(emptySet(), namesOf(builders) - made.toSet(), "ways to texts: not tested")
    }

    @Test
    fun `every function that is written by hand is called by a test`() {
        val files = File("target/classes/org/homeward").listFiles().orEmpty().map { it.name }
        val names = files.filter { it.endsWith("Kt.class") }.map { it.removeSuffix(".class") }
        for (name in names + "Homeward") {
            val written = namesOf(Class.forName("org.homeward.$name"))
            val called = tests.filter { it.owner == "org/homeward/$name" }.map(Call::name)
            assertEquals(emptySet(), written - called.toSet(), "$name: not tested")
        }
    }

    @Test
    fun `every callback of the core is answered by a test`() {
        val answered = setOf("wrap", "open", "delete", "deleteAll", "onChange")
        val callbacks = namesOf(DeviceKey::class.java) + namesOf(Listener::class.java)
        assertEquals(answered, callbacks, "CallbackTest has each throw and call back in")
    }

    private fun namesOf(type: Class<*>): Set<String> =
        type.declaredMethods
            // What is internal has a dollar in its name.
            .filter { Modifier.isPublic(it.modifiers) && !it.isSynthetic && '$' !in it.name }
            .map { it.name.inKotlin() }
            .toSet()
}

private const val FFI = "org/homeward/ffi"

/** What the client calls otherwise: a word of Kotlin is no name for a function. */
private val RENAMED = mapOf("suspend" to "pause")

/** Who offers the core's calls: itself, the client, and the client's files. */
private val OFFERS =
    setOf("$FFI/Homeward", "org/homeward/Homeward", "org/homeward/VaultKt") +
        setOf("org/homeward/ProfilesKt", "org/homeward/TalkingKt", "org/homeward/StepsKt")
