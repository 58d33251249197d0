/** The kit: every part a screen is made of. It knows nothing of hosts, state or features. */
export { Button, buttonClass, type ButtonProps } from './Button.tsx';
export { Checkbox, Radio, Segmented, Select, type Option } from './Choices.tsx';
export { CommandPalette, matchCommands, type Command } from './CommandPalette.tsx';
export { cx } from './cx.ts';
export { ConsequenceDialog, Dialog } from './Dialog.tsx';
export * from './format.ts';
export { KeyHelp, type KeyBinding } from './KeyHelp.tsx';
export { Banner, EmptyState, ErrorMessage, errorClass, ProgressBar, Waiting, type ProgressState } from './Messages.tsx';
export { AnswerStrip, Page, PageHead, Section, SidePanel, WorkArea, type Answer } from './Page.tsx';
export { PassphraseInput } from './PassphraseInput.tsx';
export { estimatePassphraseBits, wantedBits } from './passphrase.ts';
export { Table, type Column, type SortState } from './Table.tsx';
export { Tabs, type TabDefinition } from './Tabs.tsx';
export { TextArea } from './TextArea.tsx';
export { TextInput } from './TextInput.tsx';
export { ToastProvider, useToasts, type ToastInput } from './Toasts.tsx';
export { MarkDefinitions, MarkShape, SimulatedTag, Tick, TrustLabel, TrustMark, type Trust } from './TrustMark.tsx';
export { Chip, Digest, KeyValue, Log } from './Values.tsx';
