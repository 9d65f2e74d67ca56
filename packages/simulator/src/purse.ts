/**
 * The tenant's balance. A task reserves its price when it is taken and pays it
 * on success only, so tasks under way cannot together spend more than there is.
 */
export class Purse {
	#balance: number;
	#reserved = 0;

	constructor(balance: number) {
		this.#balance = balance;
	}

	get balance(): number {
		return this.#balance;
	}

	get reserved(): number {
		return this.#reserved;
	}

	/** Says whether the points could be set aside. */
	reserve(points: number): boolean {
		if (this.#balance - this.#reserved < points) return false;
		this.#reserved += points;
		return true;
	}

	release(points: number): void {
		this.#reserved -= points;
	}

	pay(points: number): void {
		this.#reserved -= points;
		this.#balance -= points;
	}

	add(points: number): void {
		this.#balance += points;
	}

	/** Leaves reservations alone: tasks under way still pay when they succeed. */
	set(balance: number): void {
		this.#balance = balance;
	}

	reset(balance: number): void {
		this.#balance = balance;
		this.#reserved = 0;
	}
}
