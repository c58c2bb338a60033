# What `make install` puts where (GNUInstallDirs), and the .deb. The units' templates are in systemd/,
# manual pages and completions come from the binary's own tables: `sluice manual`.
#
# systemd's directories (/etc/sluice, /var/lib/sluice, /run/sluice) are systemd's, not the prefix's.

option(SLUICE_DEB "Install as the Debian package does" OFF)

file(STRINGS ${CMAKE_SOURCE_DIR}/stages/core/stage.h abi_lines REGEX "^#define SL_ABI_M(AJ|IN)OR ")
string(REGEX MATCHALL "[0-9]+" abi "${abi_lines}")
list(GET abi 0 SLUICE_ABI_MAJOR)
list(GET abi 1 SLUICE_ABI_MINOR)
file(READ ${CMAKE_SOURCE_DIR}/systemd/hardening.conf SLUICE_HARDENING)

install(TARGETS sluice RUNTIME)
install(FILES stages/core/stage.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/sluice)
configure_file(packaging/sluice.pc.in sluice.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/sluice.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# ---- Documents
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
if(NOT SLUICE_DEB) # whose `copyright` has it
  install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
endif()
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}
        FILES_MATCHING PATTERN "*.md")
install(DIRECTORY config/examples/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples
        PATTERN "*.sh" EXCLUDE)
install(DIRECTORY plugins/example
        DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples/plugins)
install(FILES systemd/environment
        DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)

# ---- Manual pages and completions: made whenever the binary is linked.
set(MANUAL ${CMAKE_BINARY_DIR}/manual)
file(MAKE_DIRECTORY ${MANUAL})
foreach(page sluice.1 sluice-graph.5 sluice.service.8 bash zsh fish)
  list(APPEND MAKE_MANUAL COMMAND sluice manual ${page} > ${MANUAL}/${page})
endforeach()
add_custom_command(TARGET sluice POST_BUILD ${MAKE_MANUAL} VERBATIM)

function(install_page page section)
  if(SLUICE_DEB)
    install(CODE "execute_process(COMMAND gzip -9nkf \"${MANUAL}/${page}\" COMMAND_ERROR_IS_FATAL ANY)")
    set(page ${page}.gz)
  endif()
  install(FILES ${MANUAL}/${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endfunction()
install_page(sluice.1 1)
install_page(sluice-graph.5 5)
install_page(sluice.service.8 8)
set(zsh_functions site-functions)
if(SLUICE_DEB)
  set(zsh_functions vendor-completions)
endif()
install(FILES ${MANUAL}/bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
        RENAME sluice)
install(FILES ${MANUAL}/zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/${zsh_functions} RENAME _sluice)
install(FILES ${MANUAL}/fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d
        RENAME sluice.fish)

# ---- systemd
foreach(unit sluice.service sluice@.service)
  configure_file(systemd/${unit}.in ${unit} @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/${unit} DESTINATION lib/systemd/system)
endforeach()
install(FILES systemd/sluice.socket systemd/sluice-metrics.socket
        DESTINATION lib/systemd/system)
install(FILES systemd/sluice.sysusers DESTINATION lib/sysusers.d
        RENAME sluice.conf)
install(FILES systemd/sluice.tmpfiles DESTINATION lib/tmpfiles.d
        RENAME sluice.conf)

if(SLUICE_DEB)
  include(packaging/deb/deb.cmake)
endif()
