package org.homeward

import org.junit.jupiter.api.io.TempDir
import org.objectweb.asm.ClassReader
import org.objectweb.asm.ClassVisitor
import org.objectweb.asm.ClassWriter
import org.objectweb.asm.MethodVisitor
import org.objectweb.asm.Opcodes.ASM9
import org.objectweb.asm.Opcodes.SIPUSH
import java.io.File
import java.util.function.Consumer
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals

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
        assertContains(said(changed = 1), "UniFFI API checksum mismatch")
    }

    @Test
    fun `the same without the change works, so it is the change that stops it`() {
        assertEquals("READY", said(changed = 0).trim())
    }

    private fun said(changed: Int): String {
        val named = File(folder, "$changed").apply { mkdir() }
        return processOf("org.homeward.StaleTestKt", named).start().inputReader().readText()
    }
}

/** Opens a home with a generated side of which so many checksums, as the folder is called, differ. */
fun main(arguments: Array<String>) {
    val folder = File(arguments.single())
    val opener = StaleLoader(folder.name.toInt()).loadClass("org.homeward.Opener")
    try {
        @Suppress("UNCHECKED_CAST")
        (opener.getConstructor().newInstance() as Consumer<File>).accept(folder)
    } catch (error: Throwable) {
        println(generateSequence(error) { it.cause }.mapNotNull { it.message }.toList())
    }
}

/** Opens a home, from the classes of whoever loaded this. */
internal class Opener : Consumer<File> {
    override fun accept(folder: File) = Phone(folder).open { println(it.state()) }
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
