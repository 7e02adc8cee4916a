"""``OracleDatabase``: connect, learn identity and versions, check rights, reach ORDS."""

from collections.abc import MutableMapping

from oracleapi.api import reasons
from oracleapi.api.oracledatabase import OracleDatabaseSpec
from oracleapi.errors import OperatorError, Terminal
from oracleapi.ports import Backends, DatabaseFacts
from oracleapi.reconcile.databases import Databases
from oracleapi.reconcile.passes import Pass
from oracleapi.reconcile.probes import ask
from oracleapi.reconcile.references import References
from oracleapi.reconcile.rivals import age
from oracleapi.runtime.store import Key

UNSAFE_PATHS = "UnsafePaths"
SHARED_DATABASE = "SharedDatabase"


class OracleDatabaseReconciler:
    """Args: unsafe_paths: What API passes found out about path tricks, by database name, empty where there are none;
    shared with them."""

    kind = "OracleDatabase"
    spec = OracleDatabaseSpec

    def __init__(
        self,
        references: References,
        backends: Backends,
        databases: Databases,
        unsafe_paths: MutableMapping[str, str],
    ) -> None:
        self._references, self._backends, self._databases = references, backends, databases
        self._unsafe_paths = unsafe_paths

    def reconcile(self, work: Pass[OracleDatabaseSpec]) -> None:
        facts = self._connect(work)
        identity = work.status.get("pdbGuid")
        if identity and facts.pdb_guid and identity != facts.pdb_guid:
            raise Terminal(
                reasons.CONFLICT,
                f"spec.connection leads to another database (PDB {facts.pdb_guid}, before {identity}); point it back,"
                " or delete this object and create it again",
            )
        work.report.fields |= {
            "databaseVersion": facts.version,
            "ordsVersion": facts.ords_version,
            "pdbGuid": facts.pdb_guid,
        }
        self._report_twin(work, facts.pdb_guid)
        self._reach_ords(work)
        self._report_paths(work)
        work.report.message = f"Oracle Database {facts.version}, ORDS {facts.ords_version}"

    def _connect(self, work: Pass[OracleDatabaseSpec]) -> DatabaseFacts:
        try:
            facts = self._databases.open(work.spec, "spec.").facts()
        except OperatorError as error:
            work.report.say("Connected", False, error.reason, error.message)
            raise
        work.report.say("Connected", True, reasons.SUCCEEDED, "The operator's account can log in")
        if facts.missing:
            text = f"the operator's account lacks {', '.join(facts.missing)}; grant it as a default role"
            work.report.say("PrivilegesSufficient", False, reasons.PRIVILEGES_MISSING, text)
            raise Terminal(reasons.PRIVILEGES_MISSING, text)
        work.report.say("PrivilegesSufficient", True, reasons.SUCCEEDED, "Every right that is checked is there")
        return facts

    def _report_twin(self, work: Pass[OracleDatabaseSpec], guid: str) -> None:
        """Say that an older object leads to the same PDB: what their APIs claim is compared."""
        for key, other in self._references.of_kind(self.kind):
            same = bool(guid) and other.get("status", {}).get("pdbGuid") == guid
            if key != work.key and same and age(other) < age(work.resource):
                text = f"OracleDatabase {key.name} leads to the same PDB; for schemas and base paths both are one"
                work.report.say(SHARED_DATABASE, True, reasons.SAME_PDB, text)
                return

    def _reach_ords(self, work: Pass[OracleDatabaseSpec]) -> None:
        ca = self._references.ca_bundle(work.spec.ords.ca_secret_ref, "spec.ords.caSecretRef")
        try:
            status = ask(self._backends.probe(ca), f"{work.spec.ords.base_url}/").status
        except OperatorError as error:
            work.report.say("OrdsReachable", False, error.reason, error.message)
            raise
        work.report.say("OrdsReachable", True, reasons.SUCCEEDED, f"ORDS answers ({status})")

    def _report_paths(self, work: Pass[OracleDatabaseSpec]) -> None:
        """Say what API passes saw; what they said before a restart holds until one of them asks again."""
        found = self._unsafe_paths.get(work.key.name)
        if found is None:
            said = [entry for entry in work.status.get("conditions", []) if entry["type"] == UNSAFE_PATHS]
            found = said[0]["message"] if said else ""
        if found:
            work.report.say(UNSAFE_PATHS, True, reasons.UNSAFE_PATHS, found)

    def finalize(self, work: Pass[OracleDatabaseSpec]) -> None:
        self._references.check_unused(self.kind, work.key.name)

    def forget(self, key: Key) -> None:
        self._unsafe_paths.pop(key.name, None)
