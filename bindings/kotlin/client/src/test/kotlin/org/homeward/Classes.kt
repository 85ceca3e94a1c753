package org.homeward

import org.objectweb.asm.ClassReader
import org.objectweb.asm.ClassVisitor
import org.objectweb.asm.MethodVisitor
import org.objectweb.asm.Opcodes.ASM9
import java.io.File

/** A call in compiled code: of what, and its name in Kotlin. */
internal data class Call(
    val owner: String,
    val name: String,
)

/** Every call that the classes of a folder make. */
internal fun callsFrom(folder: File): Set<Call> {
    val classes = folder.walk().filter { it.extension == "class" }.toList()
    check(classes.isNotEmpty()) { "no classes in $folder" }
    return classes.flatMap { callsIn(it.readBytes()) }.toSet()
}

private fun callsIn(code: ByteArray): Set<Call> {
    val calls = mutableSetOf<Call>()
    val methods =
        object : MethodVisitor(ASM9) {
            override fun visitMethodInsn(
                opcode: Int,
                owner: String,
                name: String,
                descriptor: String,
                isInterface: Boolean,
            ) {
                calls += Call(owner, name.inKotlin())
            }
        }
    val classes =
        object : ClassVisitor(ASM9) {
            override fun visitMethod(
                access: Int,
                name: String,
                descriptor: String,
                signature: String?,
                exceptions: Array<String>?,
            ) = methods
        }
    ClassReader(code).accept(classes, ClassReader.SKIP_DEBUG)
    return calls
}

/** Without what the compiler puts behind names for unsigned numbers, and for default arguments. */
internal fun String.inKotlin() = removeSuffix("\$default").substringBefore('-')
