package org.homeward

import org.homeward.ffi.HttpHeader
import org.homeward.ffi.HttpStep
import org.homeward.ffi.StepOutcome
import java.io.RandomAccessFile
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpClient.Redirect
import java.net.http.HttpRequest
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse.BodyHandlers
import java.security.KeyStore
import java.security.MessageDigest
import java.security.cert.CertificateFactory
import javax.net.ssl.SSLContext
import javax.net.ssl.TrustManagerFactory

/** Does what steps ask for with the JVM's own HTTP, as an app would with its platform's. */
internal object OtherStack {
    fun ask(step: HttpStep): StepOutcome {
        val request = HttpRequest.newBuilder(URI(step.url)).method(step.method, body(step))
        step.headers.forEach { request.header(it.name, it.value) }
        val answer = client(step).send(request.build(), BodyHandlers.discarding())
        val key =
            answer
                .sslSession()
                .get()
                .peerCertificates
                .first()
                .publicKey.encoded
        val hash = MessageDigest.getInstance("SHA-256").digest(key)
        check(step.pins.isEmpty() || step.pins.any(hash::contentEquals)) { "another key" }
        val headers =
            answer.headers().map().flatMap { (name, values) -> values.map { HttpHeader(name, it) } }
        return StepOutcome.Answered(answer.statusCode().toUShort(), headers)
    }

    private fun body(step: HttpStep) =
        step.body?.let { body ->
            val bytes = ByteArray(body.bytes.toInt())
            RandomAccessFile(body.file, "r").use {
                it.seek(body.offset.toLong())
                it.readFully(bytes)
            }
            BodyPublishers.ofByteArray(bytes)
        } ?: BodyPublishers.noBody()

    private fun client(step: HttpStep) =
        HttpClient
            .newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(Redirect.NEVER)
            .sslContext(trusting(step.anchors))
            .build()

    /** Believes these authorities and no other. */
    private fun trusting(anchors: List<ByteArray>): SSLContext {
        val store = KeyStore.getInstance("PKCS12").apply { load(null) }
        val reader = CertificateFactory.getInstance("X.509")
        anchors.forEachIndexed { at, anchor ->
            store.setCertificateEntry("$at", reader.generateCertificate(anchor.inputStream()))
        }
        val trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm())
        trust.init(store)
        return SSLContext.getInstance("TLS").apply { init(null, trust.trustManagers, null) }
    }
}
