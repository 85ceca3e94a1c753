package org.homeward.sample

import org.homeward.FileDeviceKey
import org.homeward.Homeward
import org.homeward.ffi.Conditions
import org.homeward.ffi.NetworkKind
import org.homeward.ffi.Scope
import org.homeward.ffi.Texts
import java.io.File

/** Reports a missing child: `main HOME PACK PHOTO`. On a phone use the phone's own device key. */
public suspend fun main(arguments: Array<String>) {
    val (home, pack, photo) = arguments.map(::File)
    val texts = Texts.builtIn()
    Homeward.open(home, FileDeviceKey(File("$home.device-key"))).use { homeward ->
        homeward.pair(pack.readBytes())
        val id = homeward.create("missing_child")
        for ((field, typed) in listOf("child_name" to "Sam", "child_age" to "7", "sex" to "boy")) {
            homeward.set(id, field, homeward.understand("missing_child", field, typed))
        }
        homeward.send(id, Scope.FIRST_MINUTE) // Goes first, however long the photo takes.
        homeward.attach(id, "photo", photo)
        for (problem in homeward.report(id).problems) println(texts.text(problem.reason, listOf()))
        homeward.send(id)
        homeward.run(Conditions(NetworkKind.WIFI))
        val status = homeward.statuses.value.getValue(id)
        println("report $id: ${status.state}, ${status.sent} of ${status.total} bytes")
    }
}
