package org.homeward

import java.io.File
import java.util.concurrent.TimeUnit.SECONDS

/**
 * An organisation at work on this machine: the real `homeward-desk`, whose server is running.
 *
 * The sample's tests use it, too.
 */
class Desk(
    private val folder: File,
) : AutoCloseable {
    private val server: Process

    /** Its signed pack. */
    val pack: ByteArray

    init {
        ask("init", "--name", "Example", "--host", "127.0.0.1")
        server = start("receive", "--listen", "127.0.0.1:0")
        val url = server.inputReader().readLine().substringAfter("listening on ")
        pack = buildPack(url)
    }

    /** Opens what has come; gives a line for each part, and one for all. */
    fun collect(): List<String> = ask("collect").trim().lines()

    /** A report as it is printed for people. */
    fun show(report: String): String = ask("show", report)

    /** One call of the program, which must say yes. */
    fun ask(vararg arguments: String): String {
        val process = start(*arguments)
        val said = process.inputReader().readText()
        check(process.waitFor() == 0) { "${arguments.first()}: $said ${log.readText()}" }
        return said
    }

    override fun close() {
        server.destroy()
        if (!server.waitFor(10, SECONDS)) server.destroyForcibly()
    }

    private fun buildPack(url: String): ByteArray {
        val source = File(folder, "brand").path
        val pack = File(folder, "pack.homeward")
        ask("brand", "new", source)
        val brand = File(source, "brand.toml")
        val example = brand.readText()
        check(EXAMPLE_URL in example) { "the example brand has another address" }
        brand.writeText(example.replace(EXAMPLE_URL, url))
        ask("brand", "build", source, pack.path)
        return pack.readBytes()
    }

    private fun start(vararg arguments: String): Process {
        val program = System.getProperty("homeward.desk")
        val command = listOf(program, "--home", File(folder, "desk").path) + arguments
        return ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.appendTo(log)).start()
    }

    private val log get() = File(folder, "desk.log")
}

private const val EXAMPLE_URL = "https://localhost:8443"
