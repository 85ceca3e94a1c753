package org.homeward

import org.homeward.ffi.ApiException
import org.homeward.ffi.Message
import org.homeward.ffi.QrModules
import org.homeward.ffi.RecallReason
import org.homeward.ffi.Receipt
import org.homeward.ffi.SealedReport

/**
 * Keeps a small JPEG of a photo, at most 40,000 bytes, that the phone's own decoder made. The first
 * photo's leaves right after the first minute; the photo itself follows unchanged.
 *
 * @throws ApiException.Refused if it is larger or no JPEG.
 */
public suspend fun Homeward.setFace(
    id: String,
    medium: String,
    jpeg: ByteArray,
): Unit = call { setFace(id, medium, jpeg) }

/** What the organisation asked and the person replied, the oldest first. */
public suspend fun Homeward.messages(id: String): List<Message> = call { messages(id) }

/**
 * Seals a reply for the organisation and queues it; [Homeward.run] sends it. It answers the last
 * question that has no reply yet; without one the person just writes.
 *
 * @throws ApiException.Refused if it is empty or too long, and before anything was sealed.
 */
public suspend fun Homeward.reply(
    id: String,
    text: String,
): SealedReport = change { reply(id, text) }

/**
 * Tells everybody who got anything of the report that the search can end; first in the queue. A
 * claim: nothing is deleted anywhere, and pictures that have not left are held until the
 * organisation says what becomes of them.
 *
 * @throws ApiException.Refused before anything was sealed.
 */
public suspend fun Homeward.recall(
    id: String,
    why: RecallReason,
): SealedReport = change { recall(id, why) }

/** The last receipt that was believed, if there is one. */
public suspend fun Homeward.receipt(id: String): Receipt? = call { receipt(id) }

/**
 * The file that proves the receipt to anyone, offline.
 *
 * @throws ApiException.Refused without a receipt.
 */
public suspend fun Homeward.proof(id: String): ByteArray = call { proof(id) }

/**
 * The same proof as a QR code, for whoever knows the organisation.
 *
 * @throws ApiException.Refused without a receipt, and for one that names too many parts.
 */
public suspend fun Homeward.proofQr(id: String): QrModules = call { proofQr(id) }
