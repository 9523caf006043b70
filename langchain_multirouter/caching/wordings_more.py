"""Wordings, further: the small words of German, French and Spanish; the roles as in `wordings`."""

from __future__ import annotations

from typing import Final

GERMAN: Final = """
drop: ein eine bitte eigentlich denn
kept: der die das den dem des es mir mich nicht kein
be: ist bin bist sein
be:many: sind
been: war wurde
had: hatte hatten
been:many: waren wurden
aux: ist sind bin bist hat haben hast habe
front: kannst_du könntest_du können_sie könnten_sie kannst_du_mir könntest_du_mir können_sie_mir
  könnten_sie_mir sag_mir sage_mir sagen_sie_mir erkläre erkläre_mir erklär_mir erklären_sie
  erklären_sie_mir zeig_mir zeige_mir zeigen_sie_mir nenne nenne_mir nenn_mir nennen_sie
  nennen_sie_mir gib_mir geben_sie_mir weißt_du wissen_sie ich_möchte_wissen
  kannst_du_mir_sagen kannst_du_mir_erklären könntest_du_mir_sagen könntest_du_mir_erklären
  können_sie_mir_sagen können_sie_mir_erklären könnten_sie_mir_sagen könnten_sie_mir_erklären
  ich_würde_gerne_wissen ich_will_wissen beschreibe beschreiben_sie bitte
last: nennen sagen erklären zeigen geben beschreiben
frame: was_…_ist = was_ist_…
frame: was_…_sind = was_sind_…
frame: wie_heißt_der_… = was_ist_der_…
frame: wie_heißt_die_… = was_ist_die_…
frame: wie_heißt_das_… = was_ist_das_…
frame: was_bedeutet_… = was_ist_…
frame: wie_viel_kostet_… = was_kostet_…
frame: wie_viel_kosten_… = was_kosten_…
edge: hallo hi guten_tag danke vielen_dank danke_schön
ask:how: wie
ask:why: warum wieso weshalb
ask:when: wann um_wie_viel_uhr
ask:where: wo
ask:where_to: wohin
ask:where_from: woher
ask:who: wer
ask:whom: wen
ask:to_whom: wem
ask:whose: wessen
ask:what: was welche welcher welches
ask:whether: ob
modal:may: kann kannst können könnte könnten darf darfst dürfen
modal:must: muss musst müssen
modal:should: soll sollst sollte sollten sollen
modal:will: wird wirst werden werde
modal:would: würde würden
at:of: von vom
at:about: über
at:in: in im
at:an: an am
at:on: auf
at:for: für
at:to: nach
at:towards: zu zum zur
at:from: aus
at:with: mit
at:without: ohne
at:by: durch
at:near: bei beim
at:than: als
at:under: unter
at:before: vor
at:between: zwischen
at:against: gegen
at:instead: statt anstatt anstelle
at:during: während
at:until: bis
at:since: seit
at:and: und
at:or: oder
at:if: wenn falls
mine: mein meine meinen meinem meiner meines unser unsere unseren unserem unserer
yours: dein deine deinen deinem deiner
i: ich wir
you: du man
same: kaufen erwerben
same: beginnen anfangen
same: anwalt rechtsanwalt
same: handy mobiltelefon
same: % prozent
same: € euro
"""

FRENCH: Final = """
kept: le la les l' me m' ne n' pas
drop: un une ce c' ça que qu' se s' il est_ce_que est_ce_qu'
be: est suis es
be:many: sont
been: était fut
been:many: étaient furent
aux: est sont suis est_ce_que est_ce_qu' ai as a ont avez
front: peux_tu pouvez_vous pourriez_vous pourrais_tu peux_tu_me pouvez_vous_me pourriez_vous_me
  dis_moi
  dites_moi explique explique_moi expliquez expliquez_moi montre_moi montrez_moi donne_moi
  donnez_moi cite citez nomme nommez décris décrivez sais_tu savez_vous je_voudrais_savoir
  peux_tu_me_dire pouvez_vous_me_dire pourriez_vous_me_dire peux_tu_m'_expliquer
  pouvez_vous_m'_expliquer pourriez_vous_m'_expliquer
  j'_aimerais_savoir je_veux_savoir s'_il_te_plaît s'_il_vous_plaît
frame: qu'_est_ce_que_l'_… = quel_est_l'_…
frame: qu'_est_ce_que_le_… = quel_est_le_…
frame: qu'_est_ce_que_la_… = quel_est_la_…
frame: qu'_est_ce_que_les_… = quel_est_les_…
frame: qu'_est_ce_qu'_un_… = quel_est_un_…
frame: qu'_est_ce_qu'_une_… = quel_est_une_…
frame: combien_coûte_… = quel_est_le_prix_de_…
frame: combien_coûtent_… = quel_est_le_prix_de_…
frame: que_veut_dire_… = quel_est_…
edge: bonjour salut merci merci_beaucoup s'_il_te_plaît s'_il_vous_plaît svp
ask:how: comment comment_est_ce_que comment_est_ce_qu'
ask:how_many: combien
ask:why: pourquoi pourquoi_est_ce_que pourquoi_est_ce_qu'
ask:when: quand quand_est_ce_que à_quelle_heure
ask:where: où où_est_ce_que
ask:who: qui
ask:what: quel quelle quels quelles quoi
ask:what_does: qu'_est_ce_que qu'_est_ce_qu' qu'_est_ce_qui
ask:whether: si
modal:may: puis peux peut peuvent pouvez pouvons pourrais pourrait
modal:must: dois doit doivent devez devons faut
modal:should: devrais devrait faudrait
at:of: de d' du des
at:in: dans
at:en: en
at:at: à au aux
at:on: sur
at:for: pour
at:with: avec
at:without: sans
at:by: par
at:under: sous
at:before: avant
at:after: après
at:between: entre
at:against: contre
at:since: depuis
at:and: et
at:or: ou
at:at_of: chez
mine: mon ma mes notre nos
yours: ton ta tes votre vos
i: je j' nous
you: tu vous on
same: acheter acquérir
same: voiture auto automobile
same: % pourcent
same: € euro
"""

SPANISH: Final = """
drop: un una se que
kept: el la los las lo me no
be: es soy eres ser está
be:many: son están
been: era fue estaba
been:many: eran fueron estaban
aux: es son está están hay ha han
front: puedes podrías puede_usted podría_usted puedes_decirme podrías_decirme dime dígame explica
  explícame explique muéstrame dame deme nombra enumera describe sabes sabe_usted quiero_saber
  quisiera_saber me_gustaría_saber por_favor
frame: cuánto_cuesta_… = cuál_es_el_precio_de_…
frame: cuánto_cuestan_… = cuál_es_el_precio_de_…
frame: qué_precio_tiene_… = cuál_es_el_precio_de_…
frame: qué_significa_… = qué_es_…
edge: hola gracias muchas_gracias por_favor buenos_días
ask:how: cómo
ask:how_many: cuánto cuánta cuántos cuántas
ask:why: por_qué
ask:when: cuándo a_qué_hora
ask:where: dónde
ask:where_to: adónde
ask:who: quién quiénes
ask:what: qué cuál cuáles
ask:whether: si
modal:may: puedo puede pueden podemos podría
modal:must: debo debe deben debemos tengo_que tiene_que hay_que
modal:should: debería deberían
at:of: de del
at:in: en
at:to: a al
at:for: para
at:through: por
at:with: con
at:without: sin
at:on: sobre
at:under: bajo
at:before: antes_de
at:after: después_de
at:between: entre
at:against: contra
at:from: desde
at:until: hasta
at:and: y e
at:or: o u
at:than: que_el que_la
mine: mi mis nuestro nuestra nuestros nuestras
yours: tu tus su sus
i: yo nosotros
you: tú usted
same: comprar adquirir
same: abogado letrado
same: % porcentaje
same: € euro
"""
