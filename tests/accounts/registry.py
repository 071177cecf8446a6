"""A registry of documents, and a list of fraudsters, that answer what a test has told them."""

from __future__ import annotations

from dataclasses import dataclass, field

from dispatch.ports.identity_check import CheckPurpose, FraudAnswer, IdentityAnswer, RegistryAnswer


@dataclass
class ToldRegistry:
    """Everybody else matches and is on no list. `told`: by document number. `away`: it is out of reach."""

    told: dict[str, tuple[RegistryAnswer, FraudAnswer]] = field(default_factory=dict)
    asked: list[tuple[str, str, CheckPurpose]] = field(default_factory=list)
    away: bool = False

    def tell(
        self, number: str, registry: RegistryAnswer = RegistryAnswer.MATCH, fraud: FraudAnswer = FraudAnswer.CLEAR
    ) -> None:
        self.told[number] = (registry, fraud)

    def ask(self, kind: str, number: str, name: str, country: str | None, purpose: CheckPurpose) -> IdentityAnswer:
        if self.away:
            raise OSError("no route")
        self.asked.append((name, number, purpose))
        registry, fraud = self.told.get(number, (RegistryAnswer.MATCH, FraudAnswer.CLEAR))
        return IdentityAnswer(registry, fraud, f"R{len(self.asked)}")
