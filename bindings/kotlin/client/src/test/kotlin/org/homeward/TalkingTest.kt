package org.homeward

import org.homeward.ffi.ApiException
import org.homeward.ffi.MediaSource
import org.homeward.ffi.PartKind
import org.homeward.ffi.RecallReason
import org.junit.jupiter.api.io.TempDir
import java.io.File
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertNull

class TalkingTest {
    @TempDir
    lateinit var folder: File
    private val phone by lazy { Phone(folder) }

    @Test
    fun `what the person writes and takes back is sealed, and read again`() =
        phone.open { homeward ->
            homeward.pair(pack(closedPort()))
            val id = homeward.newReport()
            assertFailsWith<ApiException.Refused> { homeward.reply(id, "too early") }
            homeward.send(id)
            val reply = homeward.reply(id, CANARY)
            assertEquals(setOf(PartKind.REPLY), reply.parts.map { it.kind }.toSet())
            assertEquals(listOf(CANARY), homeward.messages(id).map { it.text })
            assertFalse(CANARY in homeward.messages(id).toString())
            val recall = homeward.recall(id, RecallReason.FOUND)
            assertEquals(setOf(PartKind.RECALL), recall.parts.map { it.kind }.toSet())
        }

    @Test
    fun `nothing is proven before there is a receipt`() =
        phone.open { homeward ->
            homeward.pair(pack(closedPort()))
            val id = homeward.newReport().also { homeward.send(it) }
            assertNull(homeward.receipt(id))
            assertFailsWith<ApiException.Refused> { homeward.proof(id) }
            assertFailsWith<ApiException.Refused> { homeward.proofQr(id) }
        }

    @Test
    fun `a face is a small JPEG and nothing else`() =
        phone.open { homeward ->
            val id = homeward.newReport()
            val medium = homeward.attach(id, "photo", MediaSource.Bytes(photo())).id
            homeward.setFace(id, medium, photo())
            val wrong = "no JPEG".toByteArray()
            assertFailsWith<ApiException.Refused> { homeward.setFace(id, medium, wrong) }
        }
}
