# The Debian package: what it has beyond `make install`, and how CPack makes it. `make deb` calls this
# with the prefix /usr. The same source gives the same bytes: times are SOURCE_DATE_EPOCH's.

set(deb ${CMAKE_SOURCE_DIR}/packaging/deb)
file(STRINGS ${deb}/changelog deb_line LIMIT_COUNT 1)
if(NOT deb_line MATCHES "^sluice \\(${PROJECT_VERSION}-([0-9]+)\\) ")
  message(FATAL_ERROR "packaging/deb/changelog is not of version ${PROJECT_VERSION}")
endif()
set(CPACK_DEBIAN_PACKAGE_RELEASE ${CMAKE_MATCH_1})
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${deb}/changelog ${deb}/description)

install(FILES ${deb}/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})
file(COPY ${deb}/changelog DESTINATION ${CMAKE_BINARY_DIR})
install(CODE "execute_process(COMMAND gzip -9nkf \"${CMAKE_BINARY_DIR}/changelog\" COMMAND_ERROR_IS_FATAL ANY)")
install(FILES ${CMAKE_BINARY_DIR}/changelog.gz DESTINATION ${CMAKE_INSTALL_DOCDIR}
        RENAME changelog.Debian.gz)
install(FILES ${deb}/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides
        RENAME sluice)
install(FILES systemd/environment DESTINATION ${CMAKE_INSTALL_SYSCONFDIR}/sluice)

set(CPACK_GENERATOR DEB)
set(CPACK_SET_DESTDIR ON) # /etc is not below /usr
set(CPACK_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_NAME sluice)
set(CPACK_PACKAGE_CONTACT "The Sluice authors <authors@sluice.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "dataflow graphs in YAML: read, validate, transform, export rows")
file(READ ${deb}/description CPACK_DEBIAN_PACKAGE_DESCRIPTION)
string(STRIP "${CPACK_DEBIAN_PACKAGE_DESCRIPTION}" CPACK_DEBIAN_PACKAGE_DESCRIPTION)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${deb}/conffiles ${deb}/postinst ${deb}/prerm ${deb}/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
