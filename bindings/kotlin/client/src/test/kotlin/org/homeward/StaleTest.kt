package org.homeward

import org.homeward.ffi.MessageIds
import org.homeward.ffi.Texts
import org.homeward.ffi.VaultState
import org.junit.jupiter.api.io.TempDir
import org.objectweb.asm.ClassReader
import org.objectweb.asm.ClassVisitor
import org.objectweb.asm.ClassWriter
import org.objectweb.asm.MethodVisitor
import org.objectweb.asm.Opcodes.ASM9
import org.objectweb.asm.Opcodes.SIPUSH
import java.io.File
import java.util.function.Consumer
import kotlin.reflect.KClass
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import org.homeward.ffi.Homeward as Core

/**
 * A generated side that belongs to another library: it stops, and says why.
 *
 * In processes of their own, since a library knows one generated side only.
 */
class StaleTest {
    @TempDir
    lateinit var folder: File

    @Test
    fun `a generated side that is stale stops at its first use with a clear message`() {
        for (way in ways) assertContains(said(way, changed = 1), "UniFFI API checksum mismatch")
    }

    @Test
    fun `the same without the change works, so it is the change that stops it`() {
        for (way in ways) assertEquals("works", said(way, changed = 0).trim())
    }

    /** Everything that an app can begin with: the client, the core beneath it, the texts. */
    private val ways = listOf(OpenHome::class, OpenCore::class, ReadTexts::class)

    private fun said(
        way: KClass<*>,
        changed: Int,
    ): String {
        val named = File(folder, "${way.simpleName}/$changed").apply { mkdirs() }
        return processOf("org.homeward.StaleTestKt", named).start().inputReader().readText()
    }
}

/**
 * Begins in the way that the folder above is called, with a generated side of which so many
 * checksums, as the folder is called, differ.
 */
fun main(arguments: Array<String>) {
    val folder = File(arguments.single())
    val loader = StaleLoader(folder.name.toInt())
    val way = loader.loadClass("org.homeward.${folder.parentFile.name}")
    try {
        @Suppress("UNCHECKED_CAST")
        (way.getConstructor().newInstance() as Consumer<File>).accept(folder)
        println("works")
    } catch (error: Throwable) {
        println(generateSequence(error) { it.cause }.mapNotNull { it.message }.toList())
    }
}

/** Opens a home, from the classes of whoever loaded this. */
internal class OpenHome : Consumer<File> {
    override fun accept(folder: File) = Phone(folder).open { check(it.state() == VaultState.READY) }
}

/** The same without the client. */
internal class OpenCore : Consumer<File> {
    override fun accept(folder: File) =
        Phone(folder).run { Core.open(home.path, deviceKey) }.use { core ->
            check(core.state() == VaultState.READY)
        }
}

/** Reads a text, which needs no home. */
internal class ReadTexts : Consumer<File> {
    override fun accept(folder: File) =
        Texts.builtIn().use { check(it.has(MessageIds.ERROR_STORAGE_FULL)) }
}

/** Loads the package anew, with some of the checksums that it expects changed. */
private class StaleLoader(
    private var changed: Int,
) : ClassLoader(StaleLoader::class.java.classLoader) {
    override fun loadClass(
        name: String,
        resolve: Boolean,
    ): Class<*> {
        if (!name.startsWith("org.homeward.")) return super.loadClass(name, resolve)
        return synchronized(getClassLoadingLock(name)) { findLoadedClass(name) ?: define(name) }
    }

    private fun define(name: String): Class<*> {
        val path = name.replace('.', '/') + ".class"
        val code = checkNotNull(parent.getResourceAsStream(path)).use { it.readBytes() }
        val stale = changeChecksums(code)
        return defineClass(name, stale, 0, stale.size)
    }

    private fun changeChecksums(code: ByteArray): ByteArray {
        val writer = ClassWriter(0)
        val classes =
            object : ClassVisitor(ASM9, writer) {
                override fun visitMethod(
                    access: Int,
                    name: String,
                    descriptor: String,
                    signature: String?,
                    exceptions: Array<String>?,
                ): MethodVisitor {
                    val next = super.visitMethod(access, name, descriptor, signature, exceptions)
                    return if ("Checksums" in name) Changing(next) else next
                }
            }
        ClassReader(code).accept(classes, 0)
        return writer.toByteArray()
    }

    private inner class Changing(
        next: MethodVisitor,
    ) : MethodVisitor(ASM9, next) {
        // A checksum is a number of 16 bits, which the compiler writes in one of two ways.
        override fun visitIntInsn(
            opcode: Int,
            operand: Int,
        ) = super.visitIntInsn(opcode, if (opcode == SIPUSH) other(operand) else operand)

        override fun visitLdcInsn(value: Any) =
            super.visitLdcInsn(if (value is Int && value != MASK) other(value) else value)

        private fun other(checksum: Int): Int =
            if (changed > 0) {
                changed -= 1
                checksum xor 1
            } else {
                checksum
            }
    }
}

/** Cuts a checksum to its 16 bits. */
private const val MASK = 0xFFFF
