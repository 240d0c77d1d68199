import type { Exchange, ExchangeSummary } from '../crm/model.ts'

export const summarise = ({ request: _request, answer: _answer, ...summary }: Exchange): ExchangeSummary => summary
