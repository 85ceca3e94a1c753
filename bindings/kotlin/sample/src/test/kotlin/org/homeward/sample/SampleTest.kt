package org.homeward.sample

import kotlinx.coroutines.runBlocking
import org.homeward.Desk
import org.homeward.photo
import org.junit.jupiter.api.io.TempDir
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.PrintStream
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals

class SampleTest {
    @TempDir
    lateinit var folder: File

    @Test
    fun `the sample reports a child, and the desk opens it`() {
        Desk(folder).use { desk ->
            val pack = File(folder, "pack").apply { writeBytes(desk.pack) }
            val picture = File(folder, "photo.jpg").apply { writeBytes(photo()) }
            val said =
                printed { main(arrayOf("$folder/home", pack.path, picture.path)) }
            assertContains(said, "STORED")
            val opened = desk.collect()
            assertEquals(0, opened.count { "refused-" in it }, opened.toString())
            val report = said.substringAfter("report ").substringBefore(':')
            assertContains(desk.show(report), "Sam")
        }
    }

    private fun printed(work: suspend () -> Unit): String {
        val before = System.out
        val bytes = ByteArrayOutputStream()
        System.setOut(PrintStream(bytes))
        try {
            runBlocking { work() }
        } finally {
            System.setOut(before)
        }
        return bytes.toString()
    }
}
